"""Liveness from small patches of a face: ResNet-18, as FaceBagNet's single branch looks at them.

A patch shows texture (paper, dots, pixels of a screen) and too little of a face to know whose it
is. The answer of a face is the mean over patches at fixed places.
"""
