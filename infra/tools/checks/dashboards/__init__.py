"""Grafana's dashboards and Prometheus' objectives as code; `make fix` generates the files."""
