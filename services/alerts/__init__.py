"""Ways to a person: robots of chat programs, push services, mail, and any web hook."""
