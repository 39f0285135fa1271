"""The console: pages for the people of a site, which call the same functions as the API."""
