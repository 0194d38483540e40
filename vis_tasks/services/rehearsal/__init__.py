"""rehearse: a whole release of the user's own repository on copies of everything, with a scripted maintainer."""
