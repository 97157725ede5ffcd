"""Small BMP files of every kind, written byte by byte: what they hold is known without any reader."""
import struct


def rows_of(values, bits):
    """Rows of unpacked values to bytes, each row padded to a multiple of four."""
    out = []
    for row in values:
        if bits < 8:
            text = "".join(format(v, "0%db" % bits) for v in row)
            text += "0" * (-len(text) % 8)
            data = int(text, 2).to_bytes(len(text) // 8, "big")
        else:
            data = b"".join(v.to_bytes(bits // 8, "little") for v in row)
        out.append(data + b"\0" * (-len(data) % 4))
    return out


def bmp(width, height, bits, data, header=40, compression=0, palette=(), masks=(), top_down=False):
    """data: what follows the headers, the lowest row first unless top_down. masks: of red, green, blue and alpha."""
    h = -height if top_down else height
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
        colours = b"".join(bytes((b, g, r)) for r, g, b in palette)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, h, 1, bits, compression, len(data), 2835, 2835, len(palette), 0)
        if header == 16:
            info = info[:16]
        colours = b"".join(bytes((b, g, r, 0)) for r, g, b in palette)
        packed = b"".join(struct.pack("<I", m) for m in masks)
        if header == 40:
            colours = packed + colours
        elif header >= 52:
            info += packed
        if header >= 108:
            info += b"BGRs"
        info = info.ljust(header, b"\0")
    at = 14 + len(info) + len(colours)
    return b"BM" + struct.pack("<IHHI", at + len(data), 0, 0, at) + info + colours + data


def run_lengths(values, bits):
    """Rows of indices, the lowest first, as runs and, where neighbours differ, as they are."""
    out = b""
    for row in values:
        i = 0
        while i < len(row):
            n = 1
            while i + n < len(row) and row[i + n] == row[i] and n < 255:
                n += 1
            if n > 1 or len(row) - i < 3:
                value = row[i] if bits == 8 else row[i] << 4 | row[i]
                out += bytes((n, value))
            else:
                n = min(len(row) - i, 9)
                part = row[i:i + n]
                if bits == 4:
                    part = [a << 4 | b for a, b in zip(part[::2], (part[1::2] + [0])[:len(part[::2])])]
                out += bytes((0, n)) + bytes(part) + b"\0" * (len(part) % 2)
            i += n
        out += b"\0\0"
    return out + b"\0\1"
