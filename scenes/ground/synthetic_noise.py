"""Seeded noise without a lattice: white noise shaped in the frequency domain, so no grid shows through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, rfft2

Field = NDArray[np.float32]


def fractal(size: int, cell_km: float, longest_km: float, shortest_km: float, fall: float, seed: int) -> Field:
    """Return noise of mean 0 and standard deviation 1, shape (size, size).

    Only wavelengths between the two are in it; amplitude per wavelength goes with wavelength**fall
    (about 1 = as rough at every scale, as mountains are).
    """
    side = size + int(2 * longest_km / cell_km) if 2 * longest_km < size * cell_km / 4 else size  # it wraps around: cut off
    white = np.random.default_rng(seed).standard_normal((side, side), dtype=np.float32)
    spectrum = rfft2(white, overwrite_x=True)
    fy = np.fft.fftfreq(side, cell_km)[:, None].astype(np.float32)
    fx = np.fft.rfftfreq(side, cell_km)[None, :].astype(np.float32)
    frequency = np.hypot(fy, fx)
    band = (frequency >= 1 / longest_km) & (frequency <= 1 / shortest_km)
    frequency[0, 0] = 1.0
    spectrum *= np.where(band, frequency ** np.float32(-(fall + 1.0)), np.float32(0))
    noise = irfft2(spectrum, s=(side, side), overwrite_x=True)[:size, :size]
    return np.asarray((noise - noise.mean()) / noise.std(), np.float32)


def ridged(noise: Field) -> Field:
    """Return 1 on sharp crests (where the noise is 0) falling to about −1 in rounded hollows."""
    return np.asarray(1.0 - 1.25 * np.abs(noise), np.float32).clip(-1.0, 1.0)
