"""The software of the site: programs, their versions, and the assets that have them."""
