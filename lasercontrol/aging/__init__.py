"""The aging test itself: recipe, rack, and the run that follows the recipe through power cuts and trips."""
