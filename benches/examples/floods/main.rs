//! Attacks receivers over loopback, each a process of its own, while honest deliveries go on beside, and prints what the
//! attack costs them: memory, CPU time, bytes read, and the time that the honest have to wait.
//!
//! ```sh
//! cargo run --release -p aircall-benches --example floods [-- --seconds 8 --connections 2000 --only trickle]
//! ```
//!
//! Every flood meets every receiver as a new process on a core of its own. If anybody else was at work there, it is made
//! again after a wait for a quiet moment (`--patience`, in seconds), and if that does not help, its row says so. Whatever cannot be started is named, and the
//! program then fails. It needs as many open files as there are connections (`ulimit -n`).

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[path = "../../shared/mod.rs"]
mod shared;
#[path = "../../shared/load/mod.rs"]
mod load;

mod attack;
mod floods;
mod honest;
mod receivers;
mod table;

use floods::Flood;
use load::quiet::{self, Watch};
use load::server::Server;
use load::{arguments, cores, usage};
use receivers::Receiver;
use table::Row;

fn main() -> ExitCode {
    if let Some(name) = arguments::text("--serve") {
        receivers::serve(&name);
        return ExitCode::SUCCESS;
    }
    let time = Duration::from_secs_f64(arguments::value("--seconds", 8.0));
    let patience = Duration::from_secs_f64(arguments::value("--patience", 10.0));
    let only = arguments::text("--only").unwrap_or_default();
    cores::pin(cores::CLIENT);
    let (receivers, mut missing) = receivers::all();
    for flood in floods::all(arguments::value("--connections", 2000)) {
        if !flood.name.contains(&*only) {
            continue;
        }
        println!("\n### {}: {}\n", flood.name, flood.what);
        let mut rows = Vec::new();
        for receiver in &receivers {
            let mut row = withstand(receiver, &flood, time);
            for _ in 1..TRIES {
                if patience.is_zero() || row.as_ref().is_ok_and(|row| row.others.is_none()) {
                    break;
                }
                quiet::wait(patience);
                row = withstand(receiver, &flood, time);
            }
            match row {
                Ok(row) => rows.push((receiver.name, row)),
                Err(why) => missing.push(format!("{}: {why}", receiver.name)),
            }
        }
        table::print(&rows);
    }
    missing.iter().for_each(|why| eprintln!("NOT MEASURED: {why}"));
    if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Floods one receiver and returns what came of it.
fn withstand(receiver: &Receiver, flood: &Flood, time: Duration) -> Result<Row, String> {
    let mut server = receiver.start()?;
    let (address, pid) = (server.address(), server.pid());
    // What is only made once is made before.
    honest::deliver(address, &receiver.honest, Instant::now() + Duration::from_millis(300));
    read(address);
    let idle = usage::memory(pid).ok_or("is gone before the flood")?;
    let (before, watch) = (usage::cpu(pid), Watch::begin(pid));

    let end = Instant::now() + time;
    let (mut peak, mut cpu, mut used) = (idle.peak, before, watch.end());
    let (tally, honest) = std::thread::scope(|scope| {
        let honest = scope.spawn(|| honest::deliver(address, &receiver.honest, end));
        let attack = scope.spawn(|| {
            // The honest do not have to wait for their sender.
            cores::give_way();
            attack::run(address, &flood.script(&receiver.attack), flood.connections, end)
        });
        // Of one that dies, the last that was seen has to do.
        while Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
            peak = usage::memory(pid).map_or(peak, |memory| memory.peak);
            cpu = usage::cpu(pid).max(cpu);
            // While the threads are there whose time it is.
            if Instant::now() < end {
                used = watch.end();
            }
        }
        (attack.join(), honest.join())
    });
    let (tally, honest) = (tally.map_err(|_| "the attack panicked")?, honest.map_err(|_| "the honest panicked")?);
    let death = server.death();
    let read = if death.is_none() { read(address) } else { None };
    let honest_bytes = (honest.answered() * receiver.honest.len()) as u64;
    Ok(Row {
        memory: peak.saturating_sub(idle.now),
        cpu: cpu.saturating_sub(before),
        read: read.map(|read| read.saturating_sub(honest_bytes)),
        time,
        tally,
        honest,
        // Of a process that has ended nobody knows what it used.
        others: (used.is_disturbed() && death.is_none()).then_some(used.others),
        death,
    })
}

/// Asks a receiver how many bytes it has read since it was last asked.
fn read(address: SocketAddr) -> Option<u64> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(b"GET /read HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.rsplit_once("\r\n\r\n")?.1.parse().ok()
}

impl Receiver {
    fn start(&self) -> Result<Server, String> {
        Server::start(&self.program.to_string_lossy(), &["--serve", self.serves], &[])
    }
}

/// How often a flood is made at most until it is a quiet one.
const TRIES: usize = 3;
