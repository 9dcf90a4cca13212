"""Plays the public "Online Retail" data set through the REST APIs, as tills do."""
