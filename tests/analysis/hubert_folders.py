"""Folders as ContentVec is published in, of a HuBERT that was never trained."""

import torch
from torch import nn
from transformers import HubertConfig, HubertModel

HIDDEN, PROJECTED = 16, 8


class WithProjection(HubertModel):
    """As lengyue233/content-vec-best saves it."""

    def __init__(self, config):
        super().__init__(config)
        self.final_proj = nn.Linear(config.hidden_size, config.classifier_proj_size)


def save_hubert(folder, *, projection=True, seed=0, **changes):
    """Write a tiny HuBERT of 12 layers; the network."""
    settings = {"hidden_size": HIDDEN, "classifier_proj_size": PROJECTED, "num_hidden_layers": 12}
    settings |= {"num_attention_heads": 2, "intermediate_size": 16, "conv_dim": [8] * 7}
    settings |= {"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
    torch.manual_seed(seed)
    kind = WithProjection if projection else HubertModel
    network = kind(HubertConfig(**(settings | changes))).eval().requires_grad_(False)
    network.save_pretrained(folder)
    return network
