"""The motion model: a network that finds where pixels go, and what is known of two keys without it.

In: copies of two keys, at most 960 pixels long, float32 (H, W, 4), premultiplied, display-referred, 0 to 1.
Out: for a time t from 0 to 1 the flows to both keys, float32 (H, W, 2) in pixels, x then y, and how much of each pixel
is the start's, (H, W), 0 to 1.

In the order in which they are used:

    mover         runs all of what follows for the keys of a gap, and fetches the original pixels along the result
    classical     everything that is known without the network: what the network is offered, and what corrects it
      grain, light, ground      what hides that two pictures show the same, taken off
      led                       optical flow, and in its place what marks propose
      camera                    one affine motion of the whole picture
      backdrop                  the background plate behind all pieces, at rest or moved by the camera
      piece_motion              how the pieces (segments) of a drawing move, found by
        regions                   segmentation into pieces of even colour
        marked                    what an artist marks, and which pieces that pairs
        matching                  which piece is which, by cost of colour, size, shape and place
        alignment                 affine maps that bring one piece over another, by their moments and outlines
        verification              which of these explains a matched pair best, if any: rigid, reshaped or bent
        touching                  things of one colour that are one piece in one key
        scenery                   what rests, and what passes hides a part of it
        occlusion, depth_order    pieces that are partly occluded; which of two lies on top
        registration, graph, deformation    non-rigid registration, and motion as rigid as possible
        outlines, propagation, lines        what goes along with pieces: ink, faint shades, lines on paper
        appearing, wipes          what one key alone has; wipes and irises
    model, net, modules, operations, graphs     the network, and how it is run
    wholes        the pieces of both keys made ready for any time: their outlines, and joints that they swing about
    compositing   pieces warped to time t into a `frame`, along a curve (`course`), as shapes between two (`shapes`)
    disocclusion  what is seen where pieces have left
    upsampling    the same at full size, with outlines as fine as that is
    strokes       lines that are drawn on

Words that are used throughout:

    key           a given frame; a pair of values is (of the start, of the end), key 0 and key 1
    mark          a point of the drawing, and where it is in either key: so the artist says
    piece         a connected region of even colour with its outline: a segment. Numbered from 0 in tables, where it is
                  called `one` in the start and `other` in the end, and from 1 in label images, where 0 is none
    cut           the pieces of a picture (`Pieces`); `cut` of both keys is a pair of them
    carried       what goes as a whole, be it a piece, several that are one, or lines; numbered anew, from 1 (`Piece`)
    ground        background: an even region that is no piece
    way           an affine map, float64 (2, 3), x and y in pixels; from the start to the end unless said otherwise
    ways          the flows to both keys, and the share of the start (`curve.Ways`)
    share         weight of the start's pixel in the mixture, 0 to 1
    bend          how a path curves through the keys around the gap (`curve.Bend`); what itself is `bent` deforms
    wrong         photometric error of a flow: difference of colour, of 1, largest channel, (H, W); `still` is that of
                  no motion at all
    loop_error    forward-backward error of a flow: by how many pixels it fails to lead back, (H, W)
    astray        where the loop error is large; `flow_lost` is where the photometric error is, too

Where the numbers come from: lengths in pixels are those of the picture that is looked at, at most 960 long, so that
they hold for UHD too. Where a docstring names a measurement, a paper or a reason, the value is from there. The others
were set by hand, and changed where a scene (`inbetween.scenes`), a clip or a test failed: the history tells.
"""
