//! How to see that it works: the proxy's own commands, then the steps of SkyPilot's guide.

use super::Page;
use crate::{ServeMode, Shape, Site};

pub(super) fn write(site: &Site, page: &mut Page) {
    page.heading("See that it works");
    let sky = &site.skypilot;
    page.paragraph("Before anything is applied, what the proxy will say:");
    let mut targets = vec!["https://raw.githubusercontent.com/".to_owned()];
    let api = site.cluster.api_server.cluster_ips.first();
    targets.extend(api.map(|ip| format!("{}:443", policy_host(ip))));
    page.block(
        "console",
        &format!(
            "$ pinhole check proxy/pinhole.yaml\n\
             $ pinhole explain --config proxy/pinhole.yaml {} elsewhere.example:443",
            targets.join(" ")
        ),
    );
    page.paragraph("A pod of SkyPilot's, from launch to a package:");
    page.block(
        "console",
        "$ sky check kubernetes\n\
         $ sky launch -y -c first --infra kubernetes 'env | grep -i _proxy; pip install six'\n\
         $ sky exec first 'curl -sS -o /dev/null -w \"%{http_connect}\\n\" https://elsewhere.example/'\n\
         $ sky down -y first",
    );
    page.paragraph(
        "The variables stand there in both spellings, the package arrives, and the last command \
         prints 403: the proxy refused, and its log says why.",
    );
    if site.proxy.shape != Shape::Bastion && site.proxy.shape != Shape::Sidecar {
        let (name, namespace) = (&site.proxy.name, &site.proxy.namespace);
        let kind = site.proxy.shape.label();
        page.block("console", &format!("$ kubectl --namespace {namespace} logs {kind}/{name}"));
    }
    if sky.managed_jobs {
        page.paragraph("Managed jobs. It must come to SUCCEEDED, and not stay at PENDING:");
        page.block(
            "console",
            "$ sky jobs launch -y -n probe --infra kubernetes 'true'\n$ sky jobs queue",
        );
    }
    if let Some(serve) = &sky.serve {
        page.paragraph(
            "SkyServe. `status` shows the endpoint, and a request to it must be answered by a \
             replica, not by the proxy:",
        );
        let endpoint = match serve.mode {
            ServeMode::PodIp => "http://<pod-ip>:30001/health",
            ServeMode::InternalLoadBalancer => "http://<load-balancer-ip>:30001/health",
            ServeMode::Ingress => "http://<ingress-host>/<path>/health",
        };
        page.block(
            "console",
            &format!(
                "$ sky serve up -y my-service.yaml\n\
                 $ sky serve status my-service\n\
                 $ kubectl run curl --rm -it --image=curlimages/curl -- curl {endpoint}"
            ),
        );
    }
    if sky.ssm.is_some() {
        page.paragraph("AWS:");
        page.block(
            "console",
            "$ aws ssm describe-instance-information\n$ sky launch -y -c second --infra aws 'hostname'",
        );
    }
}

fn policy_host(ip: &std::net::IpAddr) -> String {
    crate::site::bracketed(&policy::Host::Ip(*ip))
}
