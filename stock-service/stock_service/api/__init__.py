"""HTTP: routes, French JSON, problems."""
