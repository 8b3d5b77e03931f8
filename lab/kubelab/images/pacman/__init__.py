"""The pacman image: a small application of our own with the HTTP API of the 90DaysOfDevOps Pac-Man demo."""
