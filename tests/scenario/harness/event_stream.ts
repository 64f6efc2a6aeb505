/* application/vnd.amazon.eventstream as AWS documents it ("Event stream encoding"): frames written and read by the tests'
 * own hand, with both checksums. */

export interface Frame {
  headers: Record<string, string>;
  payload: Buffer;
}

function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function u32(n: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(n);
  return out;
}

/** A frame with these headers, all of them strings. */
export function frameBytes(headers: Record<string, string>, payload: string | Buffer): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => {
    const [n, v] = [Buffer.from(name), Buffer.from(value)];
    return Buffer.concat([Buffer.from([n.length]), n, Buffer.from([7, v.length >> 8, v.length & 255]), v]);
  }));
  const body = Buffer.from(payload);
  const prelude = Buffer.concat([u32(16 + head.length + body.length), u32(head.length)]);
  const message = Buffer.concat([prelude, u32(crc32(prelude)), head, body]);
  return Buffer.concat([message, u32(crc32(message))]);
}

export function eventFrame(type: string, payload: unknown): Buffer {
  return frameBytes({ ":event-type": type, ":content-type": "application/json", ":message-type": "event" }, JSON.stringify(payload));
}

export function exceptionFrame(type: string, payload: unknown): Buffer {
  return frameBytes({ ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" }, JSON.stringify(payload));
}

/** The frames of a whole stream; throws where a length or a checksum is wrong. */
export function readFrames(stream: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < stream.length;) {
    const total = stream.readUInt32BE(at);
    const n = stream.readUInt32BE(at + 4);
    const frame = stream.subarray(at, at + total);
    if (frame.length !== total || crc32(frame.subarray(0, 8)) !== frame.readUInt32BE(8) ||
        crc32(frame.subarray(0, total - 4)) !== frame.readUInt32BE(total - 4)) throw new Error(`a broken frame at byte ${at}`);
    const headers: Record<string, string> = {};
    for (let h = 12; h < 12 + n;) {
      const nameEnd = h + 1 + frame.readUInt8(h);
      const valueEnd = nameEnd + 3 + frame.readUInt16BE(nameEnd + 1);
      headers[frame.toString("utf8", h + 1, nameEnd)] = frame.toString("utf8", nameEnd + 3, valueEnd);
      h = valueEnd;
    }
    frames.push({ headers, payload: frame.subarray(12 + n, total - 4) });
    at += total;
  }
  return frames;
}
