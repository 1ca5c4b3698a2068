"""Pictures of the inside: of graphs, networks and training. Needs `pip install 'shinso[viz]'`."""

from shinso.viz import _needs as _needs
from shinso.viz.animation import Animation, descent
from shinso.viz.architecture import architecture
from shinso.viz.attention import grad_cam, guided_backprop, heatmaps, saliency
from shinso.viz.bars import bars
from shinso.viz.boundary import decision_boundary
from shinso.viz.curves import curves
from shinso.viz.deconvnet import deconvnet, deconvnet_picture
from shinso.viz.diagram import Diagram
from shinso.viz.filters import feature_maps, filters
from shinso.viz.graph import graph
from shinso.viz.histograms import activation_histograms, histograms, sizes
from shinso.viz.images import image_grid
from shinso.viz.inside import activations, gradients
from shinso.viz.landscape import landscape_values, loss_landscape
from shinso.viz.model_graph import model_graph
from shinso.viz.norms import constrained_optimum, norm_balls
from shinso.viz.occlusion import occlusion_map, occlusion_picture
from shinso.viz.patches import max_activating, top_patches
from shinso.viz.picture import Picture
from shinso.viz.results import confusion, learning_curves, worst_mistakes
from shinso.viz.step_graph import step_graph
from shinso.viz.style import get_language, language, say, set_language
from shinso.viz.surface import contours, line, surface
from shinso.viz.watch import Watch

__all__ = [
    "Animation",
    "Diagram",
    "Picture",
    "Watch",
    "activation_histograms",
    "activations",
    "architecture",
    "bars",
    "confusion",
    "constrained_optimum",
    "contours",
    "curves",
    "decision_boundary",
    "deconvnet",
    "deconvnet_picture",
    "descent",
    "feature_maps",
    "filters",
    "get_language",
    "grad_cam",
    "gradients",
    "graph",
    "guided_backprop",
    "heatmaps",
    "histograms",
    "image_grid",
    "landscape_values",
    "language",
    "learning_curves",
    "line",
    "loss_landscape",
    "max_activating",
    "model_graph",
    "norm_balls",
    "occlusion_map",
    "occlusion_picture",
    "saliency",
    "say",
    "set_language",
    "sizes",
    "step_graph",
    "surface",
    "top_patches",
    "worst_mistakes",
]
