"""The suffixes of audio files: what claims to be audio, and is tried by the decoders."""

_SUFFIXES = (
    ".3g2 .3gp .aac .ac3 .aif .aifc .aiff .amr .ape .au .awb .caf .dsf .eac3 .f4a .flac .g722 "
    ".gsm .m4a .m4b .m4r .mka .mkv .mov .mp2 .mp3 .mp4 .mpc .oga .ogg .opus .ra .rf64 .snd .sph "
    ".spx .tta .voc .w64 .wav .wave .weba .webm .wma .wv"
)

AUDIO_SUFFIXES = frozenset(_SUFFIXES.split())
