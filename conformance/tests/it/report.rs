//! What the reports look like. What varies is hidden at its width.

use std::time::Duration;

use aircall_conformance::{
    Conclusion, Detail, Layout, Report, Token,
    report::{JSON_SCHEMA, Known},
};
use axum::{
    http::{Method, StatusCode},
    response::IntoResponse,
};

use serde_json::Value;

use crate::{
    makes::runs,
    receivers::{Received, TOKEN, check, serve},
};

/// A receiver with something of everything.
async fn report() -> Report {
    let receiver = serve(|request: Received| async move {
        match &*request.key("token") {
            _ if request.method == Method::GET => return "alive".into_response(),
            "null" => return (StatusCode::INTERNAL_SERVER_ERROR, "<h1>Error</h1>\nTypeError: null").into_response(),
            "true" => return StatusCode::OK.into_response(),
            _ => {}
        }
        match &*request.key("event") {
            r#""team.created""# | r#""team.destroyed""# => (StatusCode::BAD_REQUEST, "unknown event").into_response(),
            r#""user.created""# if request.is_authentic() => request.body.clone().into_response(),
            _ => request.due(),
        }
    });
    let receiver = receiver.await;
    check(&receiver.url).with_timeout(Duration::from_secs(5)).run().await.unwrap()
}

#[tokio::test]
async fn for_a_person() {
    let report = report().await;
    insta::with_settings!({ filters => filters() }, {
        insta::assert_snapshot!("human", report.human());
    });
    let styled = report.styled(Detail::Findings);
    assert!(styled.contains("\u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m"), "{styled:?}");
    let is_short = |line: &str| line.chars().count() <= 80 || line.starts_with("  repeat ");
    assert!(report.human().lines().all(is_short), "{}", report.human());
    let wide =
        anstream::adapter::strip_str(&report.laid_out(&Layout::new(Detail::Findings).with_width(100))).to_string();
    let longest = wide.lines().filter(|line| !line.starts_with("  repeat ")).map(|line| line.chars().count()).max();
    assert!((90..=100).contains(&longest.unwrap()), "{wide}");
}

/// A line to be copied is whole, and does what it says: the same request, and the same answer.
#[tokio::test]
async fn a_finding_can_be_repeated() {
    let receiver = serve(|request: Received| async move {
        let is_created = request.key("event") == r#""team.created""#;
        if is_created && request.is_authentic() {
            (StatusCode::GONE, "it is that one").into_response()
        } else {
            request.due()
        }
    });
    let receiver = receiver.await;
    let report = check(&receiver.url).run().await.unwrap();
    let human = report.human();
    let lines: Vec<_> = human.lines().filter_map(|line| line.trim().strip_prefix("repeat ")).collect();
    let &[line] = &lines[..] else { panic!("{human}") };
    assert!(!human.contains(TOKEN));
    let token = Layout::new(Detail::Findings).with_danger_of_shown_token(Token::new(TOKEN).unwrap());
    let shown = anstream::adapter::strip_str(&report.laid_out(&token)).to_string();
    let with_token = shown.lines().find_map(|line| line.trim().strip_prefix("repeat ")).unwrap().to_owned();
    assert_eq!(with_token, format!("export AIRCALL_TOKEN='{TOKEN}'; {line}"));
    if !runs("curl", "--version") {
        return;
    }
    let output =
        tokio::task::spawn_blocking(move || std::process::Command::new("bash").args(["-c", &with_token]).output());
    let output = output.await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("HTTP/1.1 410") && text.ends_with("it is that one"), "{text}");
}

/// What is too long for a line, or cannot be said in one, is repeated by the program itself.
#[tokio::test]
async fn a_finding_about_a_long_body_is_repeated_by_the_program() {
    let receiver = serve(|request: Received| async move {
        if request.body.len() > 400_000 { StatusCode::IM_A_TEAPOT.into_response() } else { request.due() }
    });
    let receiver = receiver.await;
    let human = check(&receiver.url).run().await.unwrap().human();
    let line = format!("  repeat aircall-conformance send body/512-kib '{}'", receiver.url);
    assert!(human.lines().any(|found| found == line), "{human}");
}

#[tokio::test]
async fn for_a_person_with_every_case() {
    let report = report().await;
    let text = anstream::adapter::strip_str(&report.styled(Detail::Everything)).to_string();
    for result in &report.results {
        assert!(text.contains(&*result.case.id), "{}", result.case.id);
    }
}

#[tokio::test]
async fn for_a_program() {
    let report = report().await;
    let mut json: Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["cases"].as_array().unwrap().len(), report.results.len());
    assert!(!report.json().contains(TOKEN));
    // The fields of all, the values of a few.
    let kept = ["acknowledgement/plain-event", "payload/team.created", "token/null", "token/true", "tls/https"];
    json["cases"].as_array_mut().unwrap().retain(|case| kept.contains(&case["id"].as_str().unwrap()));
    insta::with_settings!({ filters => filters() }, {
        insta::assert_snapshot!("json", serde_json::to_string_pretty(&json).unwrap());
    });
}

#[tokio::test]
async fn for_the_test_pages_of_ci() {
    let text = known_report().await.junit();
    let document = roxmltree::Document::parse(&text).unwrap();
    let suites: Vec<_> = document.root_element().children().filter(roxmltree::Node::is_element).collect();
    let sum =
        |name: &str| suites.iter().map(|suite| suite.attribute(name).unwrap().parse::<usize>().unwrap()).sum::<usize>();
    for (attribute, element) in
        [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
    {
        let found = document.descendants().filter(|node| node.has_tag_name(element)).count();
        let said = document.root_element().attribute(attribute).unwrap().parse::<usize>().unwrap();
        assert_eq!((said, sum(attribute)), (found, found), "{attribute}");
    }
    // A case of each verdict; the payloads would be most of it.
    let kept = ["acknowledgement", "run"];
    let kept: Vec<_> = suites
        .iter()
        .filter(|suite| kept.contains(&suite.attribute("name").unwrap()))
        .map(|suite| &text[suite.range()])
        .chain(
            suites
                .iter()
                .flat_map(|suite| suite.descendants())
                .filter(|node| {
                    let name = node.attribute("name").unwrap_or_default();
                    node.has_tag_name("testcase")
                        && ["payload/team.created", "token/null", "http/get", "tls/https"].contains(&name)
                })
                .map(|case| &text[case.range()]),
        )
        .collect();
    insta::with_settings!({ filters => filters() }, { insta::assert_snapshot!("junit", kept.join("\n")) });
}

#[tokio::test]
async fn for_github_and_the_summary_of_a_job() {
    let report = known_report().await;
    insta::with_settings!({ filters => filters() }, {
        insta::assert_snapshot!("github", report.github());
        insta::assert_snapshot!("markdown", report.markdown());
        insta::assert_snapshot!("human_known", report.human());
    });
}

/// The same receiver, with some of it accepted.
async fn known_report() -> Report {
    let known = r#"
        [[known]]
        case = "http/get"
        verdict = "lenient"
        reason = "the load balancer asks by GET whether we are alive"

        [[known]]
        case = "token/wrong"
        reason = "to be mended with the next release"

        [[known]]
        case = "token/true"
        verdict = "lenient"
        reason = "worse than it says"
    "#;
    report().await.with_known(&Known::from_toml(known).unwrap())
}

#[tokio::test]
async fn known_deviations_are_no_findings_and_stale_ones_are() {
    let report = known_report().await;
    let known: Vec<_> =
        report.results.iter().filter(|result| result.known.is_some()).map(|result| &*result.case.id).collect();
    assert_eq!(known, ["http/get"], "a worse verdict than the accepted one is not accepted");
    assert_eq!(report.stale.iter().map(|stale| &*stale.case).collect::<Vec<_>>(), ["token/wrong"]);

    let receiver = serve(|request: Received| async move {
        if request.method == Method::GET { "alive".into_response() } else { request.due() }
    });
    let receiver = receiver.await;
    let report = check(&receiver.url).run().await.unwrap();
    let with = |toml: &str| report.clone().with_known(&Known::from_toml(toml).unwrap()).conclusion().to_string();
    let get = "[[known]]\ncase = \"http/get\"\nreason = \"r\"\n";
    assert!(with(get).ends_with("10 skipped, 1 known not to be"), "{}", with(get));
    let stale = format!("{get}[[known]]\ncase = \"token/null\"\nreason = \"r\"");
    assert_eq!(with(&stale), "nothing failed, but 1 known deviation is none any more: bring the list up to date");
    let better = format!("{get}verdict = \"fail\"");
    assert!(with(&better).contains("1 known deviation is none"), "a smaller deviation than accepted");
    let unseen = format!("{get}[[known]]\ncase = \"tls/https\"\nreason = \"r\"");
    assert!(with(&unseen).starts_with("conformant"), "what was not looked at is not stale");
}

/// Every field there is must stand in the schema, so for the test it forbids what it does not name; for readers it does
/// not, since fields may be added.
#[tokio::test]
async fn the_json_is_as_its_schema_says() {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(object) => {
                if object.contains_key("properties") {
                    object.insert("additionalProperties".to_owned(), false.into());
                }
                object.values_mut().for_each(close);
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    let mut schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    close(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let silent = serve(|_: Received| async { std::future::pending().await }).await;
    let silent = check(&silent.url).with_timeout(Duration::from_millis(50)).run().await.unwrap();
    let refusing = serve(|_: Received| async { StatusCode::FOUND.into_response() }).await;
    let refusing = check(&refusing.url).run().await.unwrap();
    for report in [report().await, known_report().await, silent, refusing] {
        let json: Value = serde_json::from_str(&report.json()).unwrap();
        let errors: Vec<_> =
            validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut wrong: Value = serde_json::from_str(&report().await.json()).unwrap();
    wrong["cases"][0]["verdict"] = "good".into();
    assert!(!validator.is_valid(&wrong));
}

pub(crate) fn filters() -> Vec<(&'static str, &'static str)> {
    vec![
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
        (r#"("timestamp":)\d{10}"#, "$1[time]"),
        (r"under 1 ms|\d+ ms|\d\.\d s\b", "[time]"),
        (r"(?s)half of them in .* are\s+allowed", "half of them in [times] are allowed"),
        (r#""(elapsed_ms|p50|p95|p99|max)": [\d.]+"#, r#""$1": "[time]""#),
        (r#""curl": "curl (?:[^"\\]|\\.)*""#, r#""curl": "[curl]""#),
        (r#""at_s": [\d.]+"#, r#""at_s": "[time]""#),
        (r#""slowest": "[^"]+""#, r#""slowest": "[case]""#),
        (r#"(?s)\[\s*"date",\s*"[^"]+"\s*\]"#, r#"["date", "[date]"]"#),
        (r#""version": "[\d.]+""#, r#""version": "[version]""#),
        (r"aircall-conformance \d+\.\d+\.\d+", "aircall-conformance [version]"),
        (r"(?m)(^|repeat )curl .*$", "$1[curl]"),
        (r"(?m)repeat: curl [^<]*", "repeat: [curl]"),
        (r#" time="[\d.]+""#, r#" time="[time]""#),
        (r"half in .* in \[time\] \(.*\);", "half in [times];"),
    ]
}

/// Receivers quote the URL in their error pages, and users put secrets there.
#[tokio::test]
async fn secrets_in_the_url_stay_out_of_every_report() {
    let receiver = serve(|request: Received| async move {
        let quoted = request.uri.to_string();
        (StatusCode::NOT_FOUND, [("x-path", quoted.clone())], format!("Cannot POST {quoted}")).into_response()
    });
    let receiver = receiver.await;
    let report = check(&format!("{}?key=hunter2%2Fsecret&v=1", receiver.url)).run().await.unwrap();
    for text in [
        report.human(),
        report.styled(Detail::Everything),
        report.json(),
        report.junit(),
        report.github(),
        report.markdown(),
        report.html(),
        format!("{report:?}"),
    ] {
        assert!(text.contains("404"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(report.human().contains("[secret]"), "{}", report.human());
}

/// Whoever sees nothing at all must not be told that all is well, in any format.
#[tokio::test]
async fn nothing_judged_is_no_success() {
    let mut report = report().await;
    report.results.clear();
    assert_eq!(report.conclusion(), Conclusion::NothingJudged);
    assert!(!report.is_conformant());
    let junit = report.junit();
    assert!(junit.contains("errors=\"1\"") && junit.contains("<error type=\"nothing-judged\""), "{junit}");
    let said = "no verdict: nothing was seen of any case";
    assert_eq!(report.github(), format!("::warning title=aircall-conformance::{said}\n"));
    assert!(report.human().ends_with(&format!("{said}\n")) && report.markdown().contains(&format!("**{said}**")));
    assert!(report.html().contains("</span> No verdict: nothing"));
}
