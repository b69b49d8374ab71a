"""What one frame says about the face in it. `edge.faces.analyzer` puts the parts together."""
