"""Responses of instruments on plain arrays, and their inversion."""

from vesica.instruments.nta import MONODISPERSE_GSD as MONODISPERSE_GSD
from vesica.instruments.nta import RESIDUAL_LIMIT as RESIDUAL_LIMIT
from vesica.instruments.nta import fit_distribution as fit_distribution
from vesica.instruments.nta import fit_true_law as fit_true_law
from vesica.instruments.nta_law import Inversion as Inversion
from vesica.instruments.nta_law import Reason as Reason
from vesica.instruments.nta_law import Refusal as Refusal
from vesica.instruments.nta_law import SizeLawFit as SizeLawFit
from vesica.instruments.nta_law import truncated_lognormal_density as truncated_lognormal_density
from vesica.instruments.nta_response import NtaResponse as NtaResponse
from vesica.instruments.nta_response import observed_density as observed_density
from vesica.instruments.nta_response import visible_share as visible_share
