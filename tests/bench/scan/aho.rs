// The aho-corasick crate of Debian (librust-aho-corasick-dev), its automaton without a DFA; see harness.h for what it is asked.
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::io::BufRead;
use std::{env, fs};

#[repr(C)]
struct Timespec {
    sec: i64,
    nsec: i64,
}
extern "C" {
    fn clock_gettime(clock: i32, t: *mut Timespec) -> i32;
}
const THREAD_CPU: i32 = 3;

fn now() -> f64 {
    let mut t = Timespec { sec: 0, nsec: 0 };
    unsafe { clock_gettime(THREAD_CPU, &mut t) };
    t.sec as f64 + t.nsec as f64 * 1e-9
}

fn mix(mut x: u64) -> u64 {
    x ^= x >> 33;
    x = x.wrapping_mul(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x = x.wrapping_mul(0xc4ceb9fe1a85ec53);
    x ^ x >> 33
}

fn word(c: u8) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}
fn before(p: &[u8], i: usize) -> bool {
    i > 0 && if p[i - 1] < 0x80 { word(p[i - 1]) } else { i >= 2 && p[i - 2] >= 0xC2 && p[i - 2] < 0xE0 }
}
fn at(p: &[u8], i: usize) -> bool {
    i < p.len() && if p[i] < 0x80 { word(p[i]) } else { p[i] >= 0xC2 && p[i] < 0xE0 }
}
fn counts(p: &[u8], s: usize, e: usize) -> bool {
    !(before(p, s) && at(p, s)) && !(before(p, e) && at(p, e))
}

fn texts(b: &[u8]) -> Vec<&[u8]> {
    let mut out = vec![];
    let mut i = 0;
    while i + 4 <= b.len() {
        let n = u32::from_le_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]]) as usize;
        out.push(&b[i + 4..i + 4 + n]);
        i += 4 + n;
    }
    out
}

fn look(ac: &AhoCorasick<u32>, texts: &[&[u8]]) {
    let (mut count, mut sum, mut lc, mut ls) = (0u64, 0u64, 0u64, 0u64);
    let mut hits: Vec<(u32, u32, u32)> = Vec::with_capacity(4096);
    let t = now();
    for (i, text) in texts.iter().enumerate() {
        hits.clear();
        for m in ac.find_overlapping_iter(text) {
            if counts(text, m.start(), m.end()) {
                hits.push((m.start() as u32, !(m.end() as u32), m.pattern() as u32));
            }
        }
        count += hits.len() as u64;
        for h in &hits {
            sum = sum.wrapping_add(mix((i as u64) << 32 | h.2 as u64));
        }
        hits.sort_unstable();
        let mut end = 0;
        for h in &hits {
            if h.0 >= end {
                end = !h.1;
                lc += 1;
                ls = ls.wrapping_add(mix((i as u64) << 32 | h.2 as u64));
            }
        }
    }
    let ns = (now() - t) * 1e9 / texts.len() as f64;
    println!("{{\"ns_per_text\":{ns:.1},\"count\":{count},\"sum\":\"{sum:016x}\",\"longest_count\":{lc},\"longest_sum\":\"{ls:016x}\"}}");
}

fn main() {
    let args: Vec<String> = env::args().collect();
    let lines = fs::read(&args[1]).unwrap();
    let phrases: Vec<&[u8]> = lines.split(|&c| c == b'\n').filter(|l| !l.is_empty()).collect();
    let files: Vec<Vec<u8>> = args[2..].iter().map(|f| fs::read(f).unwrap()).collect();
    let sets: Vec<Vec<&[u8]>> = files.iter().map(|f| texts(f)).collect();
    let t = now();
    let ac: AhoCorasick<u32> = AhoCorasickBuilder::new().match_kind(MatchKind::Standard).build_with_size(&phrases).unwrap();
    println!("{{\"build_seconds\":{:.4},\"bytes\":{}}}", now() - t, ac.heap_bytes());
    for line in std::io::stdin().lock().lines() {
        look(&ac, &sets[line.unwrap().trim().parse::<usize>().unwrap()]);
    }
}
