"""Grafana's dashboards and Prometheus' objectives as code; `make fix` writes the files from it."""
