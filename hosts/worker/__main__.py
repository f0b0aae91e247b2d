"""`python -I -m inbetween.hosts.worker`: what Nuke and Blender start; a person has no use for it."""

from inbetween.hosts.worker.server import main

if __name__ == "__main__":
    main()
