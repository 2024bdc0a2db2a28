use std::error::Error;

use aircall_conformance::{
    Check as Conformance, Collector, Conclusion, Endpoint, Report, Target,
    catalogue::PLAIN_EVENT_CASE,
    receiver::Output as ReceiverOutput,
    report::CaseResult,
    run::{NotReached, Plan, Record},
    verdict::{Reason, Verdict},
};

use crate::{
    collector,
    exit::Exit,
    intent::Check,
    interrupt::interrupt,
    progress::Progress,
    receiver::{show_last, start, stop, with_hint, with_port},
    report_files::{self, ReportFiles},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Starts the receiver if it is ours to start, puts the cases to it, stops it, and reports.
pub(crate) async fn run(mut intent: Check) -> Result<Exit> {
    let files = ReportFiles::open(&intent.reports)?;
    let target = with_port(intent.receiver.target.clone(), intent.receiver.launch.as_ref()).await?;
    if let (Some(token), Some(launch)) = (&intent.other_token, &mut intent.receiver.launch) {
        launch.environment.push(("AIRCALL_OTHER_TOKEN".to_owned(), token.expose().to_owned()));
    }
    let collecting = match intent.collector {
        Some(address) => Some(collector::listen(address, intent.receiver.launch.as_mut()).await?),
        None => None,
    };
    let collector = collecting.as_ref().map(|(collector, _)| collector.clone());
    let check = conformance(&intent, target.clone(), collector)?;
    let receiver = start(&intent.receiver, &intent.delivery.token, &target).await?;
    let plan = check.plan().await;
    announce(&target, &plan);
    let record = observe(&check, &plan).await;
    let output = stop(receiver).await;
    let record = match record {
        Ok(record) => record,
        Err(not_reached) => {
            if let (Some(output), false) = (&output, intent.receiver.shows_output()) {
                show_last(output);
            }
            return Err(with_hint(&not_reached).into());
        }
    };
    let report = Report::new(match &output {
        Some(output) => record.with_output(output.token_in().as_deref()),
        None => record,
    });
    let report = report.with_known(&intent.known);
    let printed = report_files::print(&report, &intent.output);
    if let (Some(output), false) = (&output, intent.receiver.shows_output()) {
        explain(&report, output);
    }
    if intent.receiver.launch.is_some()
        && report.count(Verdict::Pass) + report.count(Verdict::Skipped) < report.results.len()
    {
        eprintln!(
            "note: the receiver is stopped; to repeat a finding, start it there with a token of your own in AIRCALL_TOKEN"
        );
    }
    // Each is tried, whatever became of the other.
    let written = files.write(&report, &intent.output);
    printed.and(written)?;
    Ok(exit(&report, intent.is_strict))
}

fn conformance(intent: &Check, target: Target, collector: Option<Collector>) -> Result<Conformance> {
    let endpoint = Endpoint::url(target, &intent.delivery.roots)?;
    let mut check = Conformance::new(endpoint, intent.delivery.token.clone())
        .with_timeout(intent.delivery.timeout)
        .with_selection(intent.selection.clone())
        .with_time(intent.time);
    if let Some(token) = &intent.other_token {
        check = check.with_other_token(token.clone());
    }
    if let Some(collector) = collector {
        check = check.with_collector(collector);
    }
    if intent.hostile_anywhere {
        check = check.with_hostile_requests_anywhere();
    }
    if let Some(rate) = intent.rate {
        check = check.with_rate(rate);
    }
    Ok(check)
}

fn announce(target: &Target, plan: &Plan) {
    eprintln!("judging {target}\n{plan}");
    if !plan.is_local {
        eprintln!(
            "note: this receiver is on another machine, and will take invented events with the valid token for real"
        );
        if !plan.hostile {
            eprintln!("note: hostile requests are left out; --yes-hostile sends them, if whoever runs it agrees");
        }
    }
}

async fn observe(check: &Conformance, plan: &Plan) -> std::result::Result<Record, NotReached> {
    let progress = Progress::new();
    check.observe(plan, |step| progress.case(step), interrupt()).await
}

/// Shows what a receiver printed last, if it refused the plain event or did not survive: the cause may stand there.
fn explain(report: &Report, output: &ReceiverOutput) {
    let is_telling = |result: &CaseResult| {
        result.case.id == PLAIN_EVENT_CASE
            || matches!(result.judgement.reason, Reason::Harmed(_) | Reason::HarmedTogether(_))
    };
    if report.with(Verdict::Fail).any(is_telling) {
        show_last(output);
    }
}

fn exit(report: &Report, is_strict: bool) -> Exit {
    let open = |verdict| report.unaccepted(verdict).count() > 0;
    match report.conclusion() {
        Conclusion::Interrupted { .. } | Conclusion::NothingJudged => Exit::CouldNotRun,
        _ if is_strict && (open(Verdict::Lenient) || open(Verdict::Inconclusive)) => Exit::Findings,
        Conclusion::Conformant(_) | Conclusion::NothingFailed(_) => Exit::Conformant,
        _ => Exit::Findings,
    }
}
