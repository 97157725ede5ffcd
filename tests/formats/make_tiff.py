"""Small TIFF files of every layout, written byte by byte (TIFF 6.0): what they hold is known without any reader."""
import struct
import zlib


def pack_samples(values, bits, order):
    """Samples of a row to bytes: 8, 16 and 32 bits in the file's order, others highest bit first."""
    if bits in (8, 16, 32):
        return struct.pack(order + str(len(values)) + {8: "B", 16: "H", 32: "I"}[bits], *values)
    text = "".join(format(v, "0%db" % bits) for v in values)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big") if text else b""


def tiff(pixels, bits, photometric, planar=1, extra=None, order="<", tile=None, deflate=False, orientation=None,
         palette=None, rows_per_strip=None, big=False, sample_format=None, ink_set=None, white=None):
    """pixels: rows of pixels of samples. extra: kinds of the samples that are no colours. white: x and y in 1/10000.
    Returns the file's bytes."""
    height, width, samples = len(pixels), len(pixels[0]), len(pixels[0][0])
    planes = [[[p[s:s + 1] for p in row] for row in pixels] for s in range(samples)] if planar == 2 else [pixels]
    flat = lambda row: [v for p in row for v in p]
    pieces = []
    for plane in planes:
        if tile:
            blank = [0] * len(plane[0][0])
            for y in range(0, height, tile):
                for x in range(0, width, tile):
                    rows = [[plane[r][c] if r < height and c < width else blank for c in range(x, x + tile)]
                            for r in range(y, y + tile)]
                    pieces.append(b"".join(pack_samples(flat(row), bits, order) for row in rows))
        else:
            step = rows_per_strip or height
            for y in range(0, height, step):
                pieces.append(b"".join(pack_samples(flat(row), bits, order) for row in plane[y:y + step]))
    if deflate:
        pieces = [zlib.compress(p) for p in pieces]
    short, long_, rational, long8 = 3, 4, 5, 16
    offset_type = long8 if big else long_
    fields = [(256, long_, [width]), (257, long_, [height]), (258, short, [bits] * samples),
              (259, short, [8 if deflate else 1]), (262, short, [photometric]), (277, short, [samples]),
              (284, short, [planar])]
    if orientation:
        fields.append((274, short, [orientation]))
    if palette:
        fields.append((320, short, palette))
    if extra is not None:
        fields.append((338, short, extra))
    if sample_format:
        fields.append((339, short, [sample_format] * samples))
    if white:
        fields.append((318, rational, [white[0], 10000, white[1], 10000]))
    if ink_set:
        fields.append((332, short, [ink_set]))
    if tile:
        fields += [(322, long_, [tile]), (323, long_, [tile]), (324, offset_type, None), (325, long_, [len(p) for p in pieces])]
    else:
        fields += [(278, long_, [rows_per_strip or height]), (273, offset_type, None), (279, long_, [len(p) for p in pieces])]
    fields.sort()
    head = 16 if big else 8
    body, places = b"", []
    for p in pieces:
        body += b"\0" * ((head + len(body)) % 2)
        places.append(head + len(body))
        body += p
    body += b"\0" * (-(head + len(body)) % 8)
    directory_at = head + len(body)
    room = 8 if big else 4
    after = directory_at + (8 + 20 * len(fields) + 8 if big else 2 + 12 * len(fields) + 4)
    entries, values_part = b"", b""
    for tag, kind, values in fields:
        values = places if values is None else values
        data = struct.pack(order + str(len(values)) + {3: "H", 4: "I", 5: "I", 16: "Q"}[kind], *values)
        if len(data) <= room:
            value = data.ljust(room, b"\0")
        else:
            value = struct.pack(order + ("Q" if big else "I"), after + len(values_part))
            values_part += data + b"\0" * (-len(data) % 8)
        entries += struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, len(values) // (2 if kind == rational else 1)) + value
    mark = b"II" if order == "<" else b"MM"
    if big:
        header = mark + struct.pack(order + "HHHQ", 43, 8, 0, directory_at)
        return header + body + struct.pack(order + "Q", len(fields)) + entries + bytes(8) + values_part
    header = mark + struct.pack(order + "HI", 42, directory_at)
    return header + body + struct.pack(order + "H", len(fields)) + entries + bytes(4) + values_part
