//! Compressed bodies (RFC 1951 and 1952), made by hand so that they can be as bad as they like.

/// A copy of the 258 bytes before, which are all the same: the longest there is, in 13 bits.
const COPIED: u64 = 258;

/// As it is, in the form of gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = header();
    let mut blocks = bytes.chunks(0xffff).peekable();
    if bytes.is_empty() {
        packed.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        packed.push(u8::from(blocks.peek().is_none()));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
    }
    packed.extend(checksum(bytes).to_le_bytes());
    packed.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    packed
}

/// At least so many zeros, in a 150th of the space. Its checksum is wrong: nobody gets so far.
pub(crate) fn bomb(bytes: u64) -> Vec<u8> {
    let mut bits = Bits { bytes: header(), current: 0, count: 0 };
    // The last block, with the fixed code; a zero; copies of it; the end.
    bits.put(&[1, 1, 0]);
    bits.put(&[0, 0, 1, 1, 0, 0, 0, 0]);
    for _ in 0..=bytes / COPIED {
        bits.put(&[1, 1, 0, 0, 0, 1, 0, 1]);
        bits.put(&[0; 5]);
    }
    bits.put(&[0; 7]);
    bits.put(&[0; 7]);
    bits.bytes.extend([0; 8]);
    bits.bytes
}

fn header() -> Vec<u8> {
    vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]
}

struct Bits {
    bytes: Vec<u8>,
    current: u8,
    count: u8,
}

impl Bits {
    fn put(&mut self, bits: &[u8]) {
        for bit in bits {
            self.current |= bit << self.count;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.current);
                (self.current, self.count) = (0, 0);
            }
        }
    }
}

/// CRC-32 (RFC 1952, section 8).
fn checksum(bytes: &[u8]) -> u32 {
    let mut rest = u32::MAX;
    for byte in bytes {
        rest ^= u32::from(*byte);
        for _ in 0..8 {
            rest = if rest & 1 == 1 { (rest >> 1) ^ 0xedb8_8320 } else { rest >> 1 };
        }
    }
    !rest
}
