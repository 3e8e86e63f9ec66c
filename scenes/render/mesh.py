"""VTK actors over numpy arrays that may be changed in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util import numpy_support
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkTexture

# the VTK bridge carries no types
numpy_to_vtk: Any = numpy_support.numpy_to_vtk
to_vtk_ids: Any = numpy_support.numpy_to_vtkIdTypeArray
vtk_to_numpy: Any = numpy_support.vtk_to_numpy
Floats = NDArray[np.float32]
SLOPE = -2.0  # more would draw water over what stands in it, seen flatly


def cells(faces: NDArray[np.int64]) -> vtkCellArray:
    """Return cells of equal length from indices (m, k)."""
    count, corners = faces.shape
    found = vtkCellArray()
    offsets = np.arange(0, corners * count + 1, corners, dtype=np.int64)
    found.SetData(to_vtk_ids(offsets, deep=True), to_vtk_ids(np.ascontiguousarray(faces.ravel(), np.int64), deep=True))
    return found


class Mesh:
    """One actor. points (n, 3) float32 and colors (n, 3 or 4) uint8 are views into VTK's memory: change, then touch()."""

    def __init__(self, points: NDArray[Any], faces: NDArray[np.int64], colors: NDArray[np.uint8] | None = None) -> None:
        """Make it. faces (m, 2) are drawn as lines, (m, 3) as triangles."""
        coordinates = vtkPoints()
        coordinates.SetData(numpy_to_vtk(np.ascontiguousarray(points, np.float32), deep=True))
        self.data = vtkPolyData()
        self.data.SetPoints(coordinates)
        if faces.shape[1] == 2:
            self.data.SetLines(cells(faces))
        else:
            self.data.SetPolys(cells(faces))
        self.points: Floats = vtk_to_numpy(coordinates.GetData())
        self.colors: NDArray[np.uint8] | None = None
        if colors is not None:
            self.data.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(colors, np.uint8), deep=True))
            self.colors = vtk_to_numpy(self.data.GetPointData().GetScalars())
        self.mapper = vtkPolyDataMapper()
        self.mapper.SetInputData(self.data)
        self.actor = vtkActor()
        self.actor.SetMapper(self.mapper)
        self.actor.GetProperty().LightingOff()

    def touch(self) -> None:
        """Tell VTK that points or colours were changed in place."""
        self.data.GetPoints().GetData().Modified()
        if self.colors is not None:
            self.data.GetPointData().GetScalars().Modified()
        self.data.Modified()

    def above_ground(self, units: float = -60.0) -> Mesh:
        """Draw a surface that lies on the ground in front of it, without flicker."""
        self.mapper.SetResolveCoincidentTopologyToPolygonOffset()
        self.mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(SLOPE, units)
        self.mapper.SetRelativeCoincidentTopologyLineOffsetParameters(SLOPE, units)
        return self


def texture(picture: NDArray[np.uint8]) -> vtkTexture:
    """Return a texture of a picture (h, w, 3 or 4), row 0 at the bottom; no mipmaps: they cost more than the scene."""
    rows, columns, channels = picture.shape
    image = vtkImageData()
    image.SetDimensions(columns, rows, 1)
    image.GetPointData().SetScalars(numpy_to_vtk(picture.reshape(-1, channels), deep=True))
    made = vtkTexture()
    made.SetInputData(image)
    made.InterpolateOn()
    made.MipmapOff()
    made.RepeatOff()
    return made
