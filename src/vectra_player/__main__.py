"""`python -m vectra_player`: the same command as `vectra-player`."""

from vectra_player.cli import main

if __name__ == "__main__":
    main()
