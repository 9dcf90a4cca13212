"""The fault suite: everything breaks at random; afterwards nothing is lost or doubled."""
