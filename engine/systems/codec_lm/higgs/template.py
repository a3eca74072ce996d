"""The chat of Higgs Audio v2 as a template of transformers: what `HiggsChat` writes.

A message's content is a text, or a list of texts and audio as transformers' processors take them.
"""

INSTRUCTION = "Generate audio following instruction."
"""Text of the system turn, in the released model's examples."""
CHAT_TEMPLATE = """\
{{- bos_token -}}
{%- for message in messages -%}
  {{- "<|start_header_id|>" + message.role + "<|end_header_id|>\\n\\n" -}}
  {%- if message.content is string -%}
    {{- message.content | trim -}}
  {%- else -%}
    {%- for item in message.content -%}
      {%- if item.type == "audio" -%}
        {{- "<|audio_out_bos|><|AUDIO_OUT|><|audio_eos|>" -}}
      {%- else -%}
        {{- item.text | trim -}}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
  {{- "<|eot_id|>" -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- "<|start_header_id|>assistant<|end_header_id|>\\n\\n<|audio_out_bos|>" -}}
{%- endif -%}
"""
