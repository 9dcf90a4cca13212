"""Comptoir on Kubernetes: the manifests beside this file, and how they are validated."""
