"""Plays the till data of the public "Online Retail" set through the REST APIs, as tills would."""
