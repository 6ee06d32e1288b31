"""The AWS CLI in a process that is forked from one that has imported it: importing takes most of the time of a command.

    aws_cli.py serve SOCKET             # with the CLI on PYTHONPATH
    aws_cli.py run SOCKET ARGUMENT...   # its input, output, environment, folder and exit code are those of the command
"""

import json
import os
import socket
import sys
import threading
import traceback

LENGTH_BYTES = 4


def serve(path):
    import awscli.clidriver

    # Imports the modules of all commands.
    awscli.clidriver.create_clidriver()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    while True:
        connection, _ = listener.accept()
        # A grandchild has no parent that must wait for it.
        child = os.fork()
        if child == 0:
            if os.fork() == 0:
                listener.close()
                answer(connection, awscli.clidriver.main)
            os._exit(0)
        os.waitpid(child, 0)
        connection.close()


def answer(connection, command):
    """Runs a command, sends its exit code, and ends the process; earlier if the other side is closed."""
    first, files, _, _ = socket.recv_fds(connection, LENGTH_BYTES, 3)
    length = int.from_bytes(first, "big")
    text = b""
    while len(text) < length:
        text += connection.recv(length - len(text))
    request = json.loads(text)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    # The CLI has set this variable when it was imported.
    imported = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}
    os.environ.clear()
    os.environ.update(request["environment"] | imported)
    os.chdir(request["folder"])
    sys.argv[:] = ["aws", *request["arguments"]]

    def end_with_client():
        if not connection.recv(1):
            os._exit(1)

    threading.Thread(target=end_with_client, daemon=True).start()
    code = 1
    try:
        code = command()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(bytes([code or 0]))
        os._exit(code or 0)


def run(path, arguments):
    request = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}
    text = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        socket.send_fds(connection, [len(text).to_bytes(LENGTH_BYTES, "big")], [0, 1, 2])
        connection.sendall(text)
        code = connection.recv(1)
    return code[0] if code else 1


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    sys.exit(run(sys.argv[2], sys.argv[3:]))
