"""The store on a database server: PostgreSQL, MySQL or MariaDB."""
