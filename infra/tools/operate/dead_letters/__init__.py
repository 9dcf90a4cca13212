"""`make dead-letters`: the dead letters of all three services at one desk."""
