"""The command `calibration serve`: its options and what it prints."""

from typing import Annotated

import typer

from flows.deploy_command import File, Store, Study
from flows.terminal import sentences

PORT = 4200  # Prefect's own
ONE_EACH = 1  # as many models at once as there are GPUs


def serve(
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, help="Of the pages.", metavar="PORT")
    ] = PORT,
    each: Annotated[
        int, typer.Option("--gpus-each", min=1, help="That a worker has.", metavar="N")
    ] = ONE_EACH,
    study: Study = None,
    store: Store = None,
    file: File = None,
) -> None:
    """Run a Prefect server on this machine with a worker for each GPU, until Ctrl-C.

    It listens on 127.0.0.1 alone, and knows every deployment that `calibration deploy` makes.
    """
    with sentences():
        from flows import serving
        from flows.deploying import DEPLOYMENTS

        serving.serve(
            port=port,
            each=each,
            study=study,
            store=store,
            file=file or DEPLOYMENTS,
            say=lambda line: typer.echo(line, err=True),
        )
