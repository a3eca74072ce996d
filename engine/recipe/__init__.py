"""TOML to frozen tables and back: reading, strict types, every fault at once, identity, diff."""

from engine.recipe.diff import Change, diff_recipes
from engine.recipe.faults import Fault, RecipeError
from engine.recipe.identity import recipe_identity
from engine.recipe.load import load_recipe, recipe_of_values, resolve_values
from engine.recipe.params import Params, load_params
from engine.recipe.plain import to_plain, to_toml, write_recipe
from engine.recipe.schema import Recipe

__all__ = [
    "Change",
    "Fault",
    "Params",
    "Recipe",
    "RecipeError",
    "diff_recipes",
    "load_params",
    "load_recipe",
    "recipe_identity",
    "recipe_of_values",
    "resolve_values",
    "to_plain",
    "to_toml",
    "write_recipe",
]
