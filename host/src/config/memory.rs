//! How much memory this process may have: the least that its control groups or the machine allow.

use std::fs;
use std::path::{Path, PathBuf};

/// The bounds of `POLICY_MEMORY_BYTES`: the pool and a few calls of each kind; far more than all
/// calls at once can use.
pub(super) const LEAST_POLICY_MEMORY: usize = 96 << 20;
pub(super) const MOST_POLICY_MEMORY: usize = 64 << 30;

/// A quarter of what this process may have, for all policy calls together; at most what they can
/// use.
pub(super) fn policy_memory() -> usize {
    let share = usize::try_from(allowed() / 4).unwrap_or(usize::MAX);
    share.clamp(LEAST_POLICY_MEMORY, 4 << 30)
}

/// Bytes that this process may have.
fn allowed() -> u64 {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let machine = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let limits = group_files(&groups).into_iter().filter_map(|file| limit(&file));
    limits.chain(physical(&machine)).min().unwrap_or(1 << 30)
}

/// What a file of a limit says; `max` is none.
fn limit(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// `MemTotal` of `/proc/meminfo`.
fn physical(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Where the limits of the groups in `/proc/self/cgroup` may stand: of each group and of those
/// above it. In a container the own group is the root of what is mounted.
fn group_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (root, name) = if controllers.is_empty() {
            ("/sys/fs/cgroup", "memory.max")
        } else if controllers.split(',').any(|controller| controller == "memory") {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            continue;
        };
        let own = Path::new(path.trim_start_matches('/'));
        files.extend(own.ancestors().map(|group| Path::new(root).join(group).join(name)));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Limits;

    #[test]
    fn the_limits_of_a_group_and_of_those_above_it_are_looked_at() {
        let files = |text| {
            let files = group_files(text).into_iter();
            files.map(|file| file.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(files("0::/"), ["/sys/fs/cgroup/memory.max"]);
        assert_eq!(
            files("0::/system.slice/auth.service\n"),
            [
                "/sys/fs/cgroup/system.slice/auth.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ]
        );
        assert_eq!(
            files("5:cpu:/docker\n4:hugetlb,memory:/docker\n"),
            [
                "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            ]
        );
    }

    #[test]
    fn the_memory_of_the_machine_is_read() {
        assert_eq!(physical("MemTotal:  24731234 kB\nMemFree: 1 kB\n"), Some(24_731_234 * 1024));
        assert_eq!(physical(""), None);
        assert!(allowed() > 0);
    }

    /// The arithmetic of docs/operators/running.md, in MiB: what the service may take at most, in
    /// the container that docker-compose.yml describes.
    #[test]
    fn the_limit_of_the_container_holds_what_the_service_may_take() {
        let compose = include_str!("../../../docker-compose.yml");
        let value = |name: &str| {
            let line = compose.lines().find_map(|line| line.trim().strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name} is missing")).trim().to_owned()
        };
        let limit: usize = value("mem_limit:").strip_suffix('m').unwrap().parse().unwrap();
        let processors = value("cpu_quota:").parse::<usize>().unwrap()
            / value("cpu_period:").parse::<usize>().unwrap();
        let limits = Limits::default();
        let instances = limits.instances as usize;
        let parts = [
            ("the program itself", 80),
            ("hash threads", processors * 19),
            ("policy calls", limit / 4),
            ("shadows", 48),
            ("calls that are recorded, or wait for their shadow", 8 + 16),
            ("stacks", (instances * limits.stack_bytes) >> 20),
            ("tables", (instances * limits.tables as usize * (16 << 10)) >> 20),
            ("what connections have sent", (4096 * 16) >> 10),
            ("large bodies and large answers", 8 + 8),
        ];
        let text = include_str!("../../../docs/operators/running.md");
        for (part, bytes) in parts {
            assert!(text.contains(&format!(" {bytes} MiB |")), "{part}: {bytes} MiB");
        }
        let sum: usize = parts.iter().map(|(_, bytes)| bytes).sum();
        assert!(sum <= limit, "{sum} MiB do not fit {limit} MiB");
    }
}
