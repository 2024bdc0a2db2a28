use std::{error::Error, io::Write, time::Duration};

use aircall_conformance::{
    Endpoint,
    policy::{Account, Clock, Ended, Rehearsal, Webhook},
    run::NotReached,
};

use crate::{
    collector,
    exit::Exit,
    intent::Deactivate,
    interrupt::interrupt,
    progress::Progress,
    receiver::{show_last, start, stop, with_hint, with_port},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Starts the receiver if it is ours to start, plays Aircall to it, stops it, and reports.
pub(crate) async fn run(mut intent: Deactivate) -> Result<Exit> {
    let target = with_port(intent.receiver.target.clone(), intent.receiver.launch.as_ref()).await?;
    let endpoint = Endpoint::url(target.clone(), &intent.delivery.roots)?;
    let collecting = match intent.collector {
        Some(address) => Some(collector::listen(address, intent.receiver.launch.as_mut()).await?),
        None => None,
    };
    let receiver = start(&intent.receiver, &intent.delivery.token, &target).await?;
    let shown = endpoint.shown();
    let mut rehearsal = rehearsal(&intent, endpoint);
    if let Some((collector, _)) = &collecting {
        rehearsal = rehearsal.with_collector(collector.clone());
    }
    announce(&intent, &shown, rehearsal.is_local().await);
    let played = observe(rehearsal, intent.clock).await;
    let output = stop(receiver).await;
    let accounts = played.map_err(|not_reached| {
        if let (Some(output), false) = (&output, intent.receiver.shows_output()) {
            show_last(output);
        }
        with_hint(&not_reached)
    })?;
    let account = accounts.first().ok_or("no webhook was played")?;
    print(account, intent.is_json)?;
    if let (Some(output), false, true) = (&output, intent.receiver.shows_output(), account.switched_off_at().is_some())
    {
        show_last(output);
    }
    Ok(exit(account))
}

fn rehearsal(intent: &Deactivate, endpoint: Endpoint) -> Rehearsal {
    let webhook = Webhook::new(endpoint, intent.delivery.token.clone(), intent.policy.clone());
    Rehearsal::new(webhook.with_timeout(intent.patience))
        .with_events(intent.events as usize)
        .with_rate(intent.rate)
        .with_seed(intent.seed)
        .with_clock(intent.clock)
        .with_limit(intent.limit)
}

fn announce(intent: &Deactivate, shown: &str, is_local: bool) {
    let (policy, events) = (&intent.policy, intent.events);
    let after_off = match policy.retry_while_disabled.as_secs() / 3600 {
        hours @ 1.. if !policy.disabled_retries_count_to_max => format!(", and for {hours} h after a switch-off"),
        _ => String::new(),
    };
    eprintln!(
        "playing {} to {shown}: off after {}\n{events} {} with the valid token, {} a second, each sent again up to {} times \
         if it fails{}; seed {}",
        policy.name,
        policy.rule(),
        if events == 1 { "invented event" } else { "invented events" },
        intent.rate,
        policy.max_retries,
        after_off,
        intent.seed,
    );
    match intent.clock {
        Clock::Jumping => eprintln!("the sender's clock jumps over the waits"),
        Clock::Wall => {
            let limit = intent.limit.as_secs();
            eprintln!("in wall time, for {} min {} s at most; --skip-waits does not wait", limit / 60, limit % 60);
        }
    }
    if !is_local {
        eprintln!(
            "note: this receiver is on another machine, and will take invented events with the valid token for real; it is \
             sent 10 requests a second at most"
        );
    }
}

async fn observe(rehearsal: Rehearsal, clock: Clock) -> std::result::Result<Vec<Account>, NotReached> {
    let progress = Progress::new();
    rehearsal.observe(|meter| progress.meter(meter), stopped(clock)).await
}

/// Ends when the user wants it to. Where the clock jumps, its own limit bounds nothing: a receiver that leaves everything
/// unanswered could keep the program for hours.
async fn stopped(clock: Clock) {
    let too_long = async {
        match clock {
            Clock::Wall => std::future::pending().await,
            Clock::Jumping => tokio::time::sleep(HALF_AN_HOUR).await,
        }
    };
    tokio::select! {
        () = interrupt() => {}
        () = too_long => eprintln!("\nnote: ended after half an hour; --events makes it shorter"),
    }
}

fn print(account: &Account, is_json: bool) -> Result<()> {
    let text = if is_json { account.json() } else { account.human().trim_end().to_owned() };
    match writeln!(std::io::stdout(), "{text}") {
        // Who reads only the beginning (`| head`) has seen what was wanted.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn exit(account: &Account) -> Exit {
    let is_lost = account.never_handled().is_some_and(|events| !events.is_empty());
    match (account.ended, account.switched_off_at()) {
        (Ended::Early, _) => Exit::CouldNotRun,
        (_, Some(_)) => Exit::Findings,
        (_, None) if is_lost => Exit::Findings,
        (_, None) => Exit::Conformant,
    }
}

/// Longer than any receiver that answers makes it.
const HALF_AN_HOUR: Duration = Duration::from_secs(1800);
