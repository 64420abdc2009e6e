//! A start of the real program: time until it is ready, with compiled policies in the cache, and
//! its memory when idle.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::setup::{folder, settings};
use crate::{median, summary};

const STARTS: usize = 20;

pub fn measure() {
    let folder = folder();
    drop(start(folder.path())); // fills the cache
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        let (child, milliseconds) = start(folder.path());
        times.push(milliseconds * 1e3);
        memory.push(resident_mib(&child.0));
    }
    let (_, p50, worst) = summary(&mut times);
    println!("the process ({STARTS} starts, compiled policies in the cache)");
    println!(
        "start to ready: median {:.0} ms, slowest {:.0} ms; idle memory before the first hash: \
         {:.1} MiB resident\n",
        p50 / 1e3,
        worst / 1e3,
        median(&memory)
    );
}

/// Ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program and waits until it serves: it announces its address once its policies are in
/// and its socket listens.
fn start(folder: &std::path::Path) -> (Running, f64) {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_auth-host"))
        .envs(settings(folder))
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("serves on"), "{first}");
    (Running(child), started.elapsed().as_secs_f64() * 1e3)
}

fn resident_mib(child: &Child) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
