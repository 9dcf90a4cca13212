"""Validates the manifests of `infra/deploy/kubernetes`."""
