# A project in a folder of yours: laid there if it is empty, then trained. docs/installing.md
#   docker build -t cantus .
#   mkdir project && docker run --rm --user "$(id -u):$(id -g)" -v "$PWD/project:/project" cantus
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*

# cpu: no CUDA libraries. For GPUs: --build-arg TORCH_BACKEND=cu130, and docker run --gpus all
ARG TORCH_BACKEND=cpu
COPY . /source
RUN pip install --no-cache-dir uv \
    && uv pip install --system --no-cache --compile-bytecode --torch-backend "$TORCH_BACKEND" \
        --constraint /source/requirements.lock "/source[builtin,rvc]" \
    && mkdir --mode=1777 /home/cantus \
    && mkdir --mode=1777 /project

# Any user may run it: --user names one whom the image need not know.
ENV HOME=/home/cantus USER=cantus
USER 1000:1000
WORKDIR /project
CMD ["sh", "-c", "{ test -f params.toml || cantus init .; } && dvc repro"]
