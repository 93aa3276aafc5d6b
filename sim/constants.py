"""Numbers that nature or the metre fixed, and the borders between units."""

C_NM_PER_PS = 299_792.458
"""Speed of light, exact by definition of the metre; also nm·THz, so that λ[nm] = C / f[THz]."""
