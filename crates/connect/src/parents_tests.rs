use tokio::time::advance;

use super::*;

/// A bit more than half of the time for which one is last.
const HALF: Duration = Duration::from_millis(LAST_FOR.as_millis() as u64 / 2 + 1);

fn parents(count: usize) -> Parents {
    let url = |i| ParentUrl::parse(&format!("http://p{i}.test:3128")).unwrap();
    let list = (0..count).map(|i| (url(i), None)).collect();
    Parents::new(list, None, Duration::from_secs(10)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_is_last_for_a_while_and_then_tried_by_one_request() {
    let parents = parents(3);
    assert_eq!(parents.order(), [0, 1, 2]);
    parents.failed(0);
    assert_eq!(parents.order(), [1, 2, 0]);
    advance(HALF).await;
    parents.failed(1);
    assert_eq!(parents.order(), [2, 0, 1]);
    advance(HALF).await;
    // The first one's time has come: for one request, and not for those beside it.
    assert_eq!(parents.order(), [0, 2, 1]);
    assert_eq!(parents.order(), [2, 0, 1]);
    parents.answered(0);
    assert_eq!(parents.order(), [0, 2, 1]);
    advance(HALF).await;
    assert_eq!(parents.order(), [0, 1, 2]);
    // That request never said what came of it.
    assert_eq!(parents.order(), [0, 2, 1]);
    advance(LAST_FOR).await;
    parents.failed(1);
    assert_eq!(parents.order(), [0, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn if_all_failed_all_are_tried() {
    let parents = parents(2);
    for _ in 0..3 {
        parents.failed(0);
        parents.failed(1);
        assert_eq!(parents.order(), [0, 1]);
    }
    parents.answered(1);
    assert_eq!(parents.order(), [1, 0]);
}

#[tokio::test]
async fn nothing_shows_credentials() {
    let url = ParentUrl::parse("http://p.test:3128").unwrap();
    let credentials = crate::Credentials::parse("user:secret").unwrap();
    let parents = Parents::new(vec![(url, Some(credentials))], None, LAST_FOR).unwrap();
    let shown = format!("{parents:?}");
    assert!(shown.contains("p.test") && !shown.contains("secret"), "{shown}");
    assert!(!shown.contains(&data_encoding::BASE64.encode(b"user:secret")), "{shown}");
}
