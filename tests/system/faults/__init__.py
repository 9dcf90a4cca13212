"""The fault suite: it breaks everything at random, then checks that nothing is lost or doubled."""
