"""Networks with their ways to try candidates, for tests of what is made of them."""

from pathlib import Path

from markov import Floats, write_checkpoint
from small_networks import small_model

from calibration.engine.branching import Branches
from calibration.engine.rereading import RereadBranches
from storage.loading import load_network
from storage.networks import Network
from storage.weights import Checkpoint


class Rereading(Network):
    """A network that is taken for one that is no plain decoder."""

    @property
    def branches(self) -> Branches:
        return RereadBranches(self)


def chain_network(directory: Path, transition: Floats, *, end_probability: float = 0.0) -> Network:
    """The network that is a Markov chain."""
    write_checkpoint(directory, transition, end_probability=end_probability)
    return load_network(Checkpoint(str(directory)), precision="float32")


def small_network(name: str) -> Network:
    return Network(small_model(name))
