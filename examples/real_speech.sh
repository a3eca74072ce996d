#!/usr/bin/env bash
# Recordings of two real voices in three languages, from Debian's packages, as corpora:
# docs/real-speech.md. The packages are unpacked below build/ and not installed: root is not needed.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v apt-get > /dev/null || ! command -v dpkg-deb > /dev/null; then
    echo "apt-get and dpkg-deb are not here. docs/real-speech.md says what to do without them." >&2
    exit 2
fi

# G.722 is read by FFmpeg: the machine's own, or the one in a wheel.
command -v ffmpeg > /dev/null || uv pip install --quiet --python .venv/bin/python imageio-ffmpeg

# unpack PACKAGE FOLDER: with its checksums (-R), by which adopt finds recordings that were cut.
unpack() {
    if [ ! -d "$2/$1" ]; then
        mkdir -p "$2"
        (cd "$2" && { apt-get download "$1" || { apt-get update && apt-get download "$1"; }; })
        rm -rf "$2/$1.partial"
        dpkg-deb --raw-extract "$2/$1"_*.deb "$2/$1.partial"
        mv "$2/$1.partial" "$2/$1"
    fi
}

for language in en es fr; do
    unpack "asterisk-core-sounds-$language" "build/real/$language"
    unpack "asterisk-core-sounds-$language-g722" "build/real/$language"
    # The French table names 7 of 513 recordings that the package does not hold.
    cantus adopt "build/real/$language" --as "asterisk_$language" --rates 8000,16000,22050 \
        --at-most-bad 0.02
done
