use std::future::pending;
use std::pin::Pin;

use tokio::time::sleep;

use super::*;

type Asked = Pin<Box<dyn Future<Output = Result<Answer, Failure>>>>;

const SIX: &str = "2600::1";
const FOUR: &str = "1.0.0.1";
const FIVE_SECONDS: u64 = 5000;

/// Comes after so many milliseconds.
fn after(millis: u64, answer: Result<Answer, Failure>) -> Asked {
    Box::pin(async move {
        sleep(Duration::from_millis(millis)).await;
        answer
    })
}

/// Is there.
fn now(answer: Result<Answer, Failure>) -> Asked {
    Box::pin(std::future::ready(answer))
}

fn never() -> Asked {
    Box::pin(pending())
}

fn has(ip: &str) -> Result<Answer, Failure> {
    let addrs = [ip.parse().expect("an address")].into();
    Ok(Answer::Found { addrs, ttl: Duration::from_secs(60) })
}

fn nothing() -> Result<Answer, Failure> {
    Ok(Answer::Nothing { ttl: None })
}

fn ips(addrs: &[IpAddr]) -> Vec<String> {
    addrs.iter().map(ToString::to_string).collect()
}

/// The addresses that are begun with, and those that come later.
async fn begun(v6: Asked, v4: Asked) -> Result<(Vec<String>, Option<Vec<String>>), Failure> {
    let found = both(v6, v4).await?;
    let late = match found.late {
        Some(late) => Some(ips(&late.addrs().await)),
        None => None,
    };
    Ok((ips(&found.addrs), late))
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn aaaa_waits_for_no_a() {
    let found = begun(after(10, has(SIX)), after(11, has(FOUR))).await;
    assert_eq!(found, Ok((strings(&[SIX]), Some(strings(&[FOUR])))));
    // However long A takes, within the lookup's own deadline.
    let found = begun(after(10, has(SIX)), after(FIVE_SECONDS, has(FOUR))).await;
    assert_eq!(found, Ok((strings(&[SIX]), Some(strings(&[FOUR])))));
}

#[tokio::test(start_paused = true)]
async fn a_waits_the_resolution_delay_for_aaaa() {
    let found = begun(after(59, has(SIX)), after(10, has(FOUR))).await;
    assert_eq!(found, Ok((strings(&[SIX, FOUR]), None)));
    let found = begun(after(61, has(SIX)), after(10, has(FOUR))).await;
    assert_eq!(found, Ok((strings(&[FOUR]), Some(strings(&[SIX])))));
    // A server that is known to do so never answers AAAA: it holds nobody up for long.
    let found = begun(after(FIVE_SECONDS, has(SIX)), after(10, has(FOUR))).await;
    assert_eq!(found, Ok((strings(&[FOUR]), Some(Vec::new()))));
}

#[test]
fn what_is_there_is_there_at_the_first_poll() {
    for (v6, v4, expected) in [
        (has(SIX), has(FOUR), Ok((strings(&[SIX, FOUR]), None))),
        (nothing(), has(FOUR), Ok((strings(&[FOUR]), None))),
        (has(SIX), nothing(), Ok((strings(&[SIX]), None))),
        (nothing(), nothing(), Err(Failure::NotFound)),
    ] {
        // Outside of any runtime: nothing here may want a timer first.
        assert_eq!(begun(now(v6), now(v4)).now_or_never(), Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_answer_without_addresses_decides_nothing() {
    for first in [nothing(), Err(Failure::DnsFailed)] {
        let found = begun(now(first.clone()), after(FIVE_SECONDS, has(FOUR))).await;
        assert_eq!(found, Ok((strings(&[FOUR]), None)));
        let found = begun(after(FIVE_SECONDS, has(SIX)), now(first)).await;
        assert_eq!(found, Ok((strings(&[SIX]), None)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_more_telling_failure_is_the_names() {
    let failed = Err(Failure::DnsFailed);
    assert_eq!(begun(now(nothing()), now(failed.clone())).await, Err(Failure::DnsFailed));
    assert_eq!(begun(now(failed), now(nothing())).await, Err(Failure::DnsFailed));
    assert_eq!(begun(now(nothing()), now(nothing())).await, Err(Failure::NotFound));
}

#[tokio::test(start_paused = true)]
async fn a_late_family_that_fails_has_no_addresses() {
    for late in [nothing(), Err(Failure::DnsTimeout)] {
        let found = begun(after(10, has(SIX)), after(20, late)).await;
        assert_eq!(found, Ok((strings(&[SIX]), Some(Vec::new()))));
    }
}

#[tokio::test(start_paused = true)]
async fn who_wants_both_waits_the_resolution_delay_and_no_longer() {
    for (v6, v4, expected) in [
        (after(10, has(SIX)), after(59, has(FOUR)), vec![FOUR]),
        (after(10, has(SIX)), after(61, has(FOUR)), vec![]),
        (after(10, has(SIX)), never(), vec![]),
        (after(70, has(SIX)), after(10, has(FOUR)), vec![]),
    ] {
        let late = both(v6, v4).await.expect("addresses").late.expect("one is late");
        assert_eq!(ips(&late.soon().await), expected);
    }
}
