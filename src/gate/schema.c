/* The table of options and how to find one in it.
 *
 * A flat table with paths instead of nested tables: it reads like the reference page it generates,
 * a new option is one row wherever it belongs in the text, and parent and child are found by
 * comparing paths. That is a walk over a hundred rows for each key of a file, which no file is
 * large enough to make slow.
 *
 * Options that the interface promises and this version does not have are rows too (OPTION_LATER).
 * They get an error of their own, because "unknown key" would send the reader looking for a typing
 * mistake. */
#include "gate/schema.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

#define MS          INT64_C(1000)
#define SEC         (1000 * MS)
#define DAY         (86400 * SEC)
#define KIB         INT64_C(1024)
#define MIB         (1024 * KIB)
#define GIB         (1024 * MIB)
#define NEAR_LIMIT  3u
#define NEAR_LENGTH 64u

#define LATER(path_, doc_)                                                                         \
    {                                                                                              \
        .path = path_, .type = OPTION_LATER, .doc = doc_                                           \
    }
#define TIMEOUT(path_, fallback_, doc_)                                                            \
    {                                                                                              \
        .path = path_, .type = OPTION_DURATION, .fallback = fallback_, .min = MS, .max = DAY,      \
        .doc = doc_, .example = fallback_                                                          \
    }

static const struct option options[] = {
    {.path = "",
     .type = OPTION_GROUP,
     .doc = "A Throwbar configuration: YAML 1.2, strict. Any value may hold `${env:NAME}`, "
            "`${env:NAME:-default}` or `${file:/path}`.",
     .example = "{version: 1}"},
    {.path = "version",
     .type = OPTION_INT,
     .fallback = "1",
     .min = 1,
     .max = 1,
     .doc = "Version of the configuration format.",
     .example = "1"},

    {.path = "server",
     .type = OPTION_GROUP,
     .doc = "Where the gateway listens, and its bounds.",
     .example = "{listen: 127.0.0.1:8080}"},
    {.path = "server.listen",
     .type = OPTION_LIST,
     .flags = OPTION_ONE_OR_LIST | OPTION_NOT_EMPTY,
     .fallback = "127.0.0.1:8080",
     .max = 64,
     .doc = "Addresses for clients: one, or a list.",
     .example = "[127.0.0.1:8080, \"unix:/run/throwbar/api.sock\"]"},
    {.path = "server.listen[]",
     .type = OPTION_GROUP,
     .flags = OPTION_SHORT,
     .doc = "One address, alone or with TLS.",
     .example = "{addr: 0.0.0.0:8443, tls: {cert: /etc/tls/cert.pem, key: /etc/tls/key.pem}}"},
    {.path = "server.listen[].addr",
     .type = OPTION_ADDRESS,
     .flags = OPTION_REQUIRED,
     .doc = "Number and port, or unix:/path. `:8080` is every address.",
     .example = "127.0.0.1:8080"},
    {.path = "server.listen[].tls",
     .type = OPTION_GROUP,
     .flags = OPTION_OPTIONAL,
     .doc = "Serves TLS with one certificate, or several chosen by the name the client asks for.",
     .example = "{cert: /etc/tls/cert.pem, key: /etc/tls/key.pem}"},
    {.path = "server.listen[].tls.cert",
     .type = OPTION_PATH,
     .doc = "PEM file with the certificate and its chain.",
     .example = "/etc/tls/cert.pem"},
    {.path = "server.listen[].tls.key",
     .type = OPTION_PATH,
     .doc = "PEM file with the private key.",
     .example = "/etc/tls/key.pem"},
    {.path = "server.listen[].tls.certs",
     .type = OPTION_LIST,
     .flags = OPTION_NOT_EMPTY,
     .doc = "Several certificates; the first serves names that no other one has.",
     .example = "[{cert: a.pem, key: a.key}, {cert: b.pem, key: b.key}]"},
    {.path = "server.listen[].tls.certs[]",
     .type = OPTION_GROUP,
     .doc = "A certificate and its key.",
     .example = "{cert: a.pem, key: a.key}"},
    {.path = "server.listen[].tls.certs[].cert",
     .type = OPTION_PATH,
     .flags = OPTION_REQUIRED,
     .doc = "PEM file with the certificate and its chain.",
     .example = "/etc/tls/a.pem"},
    {.path = "server.listen[].tls.certs[].key",
     .type = OPTION_PATH,
     .flags = OPTION_REQUIRED,
     .doc = "PEM file with the private key.",
     .example = "/etc/tls/a.key"},
    LATER("server.listen[].tls.acme", "Certificates by ACME."),
    LATER("server.listen[].tls.client_ca", "Client certificates."),
    {.path = "server.admin",
     .type = OPTION_GROUP,
     .flags = OPTION_SHORT,
     .fallback = "127.0.0.1:8081",
     .word = "off",
     .doc = "Address of the admin API, the metrics and the dashboard; `off` for none.",
     .example = "127.0.0.1:8081"},
    {.path = "server.admin.addr",
     .type = OPTION_ADDRESS,
     .flags = OPTION_REQUIRED,
     .doc = "Number and port, or unix:/path.",
     .example = "127.0.0.1:8081"},
    {.path = "server.admin.tls",
     .type = OPTION_GROUP,
     .flags = OPTION_OPTIONAL,
     .doc = "Serves TLS.",
     .example = "{cert: /etc/tls/cert.pem, key: /etc/tls/key.pem}"},
    {.path = "server.admin.tls.cert",
     .type = OPTION_PATH,
     .doc = "PEM file with the certificate and its chain.",
     .example = "/etc/tls/cert.pem"},
    {.path = "server.admin.tls.key",
     .type = OPTION_PATH,
     .doc = "PEM file with the private key.",
     .example = "/etc/tls/key.pem"},
    {.path = "server.admin.tls.certs",
     .type = OPTION_LIST,
     .flags = OPTION_NOT_EMPTY,
     .doc = "Several certificates, as for server.listen.",
     .example = "[{cert: a.pem, key: a.key}]"},
    {.path = "server.admin.tls.certs[]",
     .type = OPTION_GROUP,
     .doc = "A certificate and its key.",
     .example = "{cert: a.pem, key: a.key}"},
    {.path = "server.admin.tls.certs[].cert",
     .type = OPTION_PATH,
     .flags = OPTION_REQUIRED,
     .doc = "PEM file with the certificate and its chain.",
     .example = "/etc/tls/a.pem"},
    {.path = "server.admin.tls.certs[].key",
     .type = OPTION_PATH,
     .flags = OPTION_REQUIRED,
     .doc = "PEM file with the private key.",
     .example = "/etc/tls/a.key"},
    {.path = "server.workers",
     .type = OPTION_INT,
     .fallback = "auto",
     .word = "auto",
     .min = 1,
     .max = 256,
     .doc = "Event loops, each with its own thread; `auto` is one for each core.",
     .example = "4"},
    {.path = "server.limits",
     .type = OPTION_GROUP,
     .doc = "Bounds on what clients and providers may send.",
     .example = "{body: 32MiB, connections: 20000}"},
    {.path = "server.limits.body",
     .type = OPTION_SIZE,
     .fallback = "32MiB",
     .min = KIB,
     .max = GIB,
     .doc = "Largest request body; a larger one gets 413.",
     .example = "64MiB"},
    {.path = "server.limits.header",
     .type = OPTION_SIZE,
     .fallback = "32KiB",
     .min = KIB,
     .max = MIB,
     .doc = "Largest request head; a larger one gets 431.",
     .example = "64KiB"},
    {.path = "server.limits.reply",
     .type = OPTION_SIZE,
     .fallback = "32MiB",
     .min = KIB,
     .max = GIB,
     .doc = "Largest provider reply that is held as a whole before it is passed on.",
     .example = "64MiB"},
    {.path = "server.limits.event",
     .type = OPTION_SIZE,
     .fallback = "8MiB",
     .min = KIB,
     .max = 256 * MIB,
     .doc = "Largest single event of a provider's stream.",
     .example = "16MiB"},
    {.path = "server.limits.connections",
     .type = OPTION_COUNT,
     .fallback = "20000",
     .min = 1,
     .max = 1000000,
     .doc = "Client connections of the whole process.",
     .example = "50k"},
    {.path = "server.limits.idle_upstream",
     .type = OPTION_COUNT,
     .fallback = "2048",
     .min = 0,
     .max = 65536,
     .doc = "Idle connections kept for each provider endpoint and worker.",
     .example = "512"},
    {.path = "server.limits.drain",
     .type = OPTION_DURATION,
     .fallback = "30s",
     .min = 0,
     .max = DAY,
     .doc = "Time that requests in flight have to finish when the process is told to stop.",
     .example = "5m"},
    LATER("server.limits.queue", "A bounded queue in front of busy providers."),
    {.path = "server.timeouts",
     .type = OPTION_GROUP,
     .doc = "How long a client may take.",
     .example = "{header: 10s, body: 60s}"},
    TIMEOUT("server.timeouts.header", "10s", "For the request head to arrive."),
    TIMEOUT("server.timeouts.body", "60s", "For the request body to arrive."),
    TIMEOUT("server.timeouts.keep_alive", "60s", "Between two requests of a connection."),
    TIMEOUT("server.timeouts.write_stall", "30s",
            "Without the client taking a byte of its answer; then the request is cancelled."),
    {.path = "server.timeouts.heartbeat",
     .type = OPTION_DURATION,
     .fallback = "15s",
     .word = "off",
     .min = 100 * MS,
     .max = DAY,
     .doc = "Interval of the comments that keep a waiting stream alive; `off` for none.",
     .example = "15s"},

    {.path = "auth",
     .type = OPTION_GROUP,
     .doc = "Who may use the gateway.",
     .example = "{mode: keys, admin_key: \"${env:TB_ADMIN_KEY}\"}"},
    {.path = "auth.mode",
     .type = OPTION_CHOICE,
     .fallback = "keys",
     .choices = "open|keys",
     .doc = "`keys`: a request needs a gateway key. `open`: none; loopback and unix sockets only.",
     .example = "keys"},
    {.path = "auth.admin_key",
     .type = OPTION_SECRET,
     .doc = "Key of the admin API. Absent: one is made at the start and printed once.",
     .example = "${env:TB_ADMIN_KEY}"},
    LATER("auth.oidc", "Sign-in to the dashboard by OpenID Connect."),
    LATER("auth.jwt", "Clients that present a JWT."),

    {.path = "providers",
     .type = OPTION_MAP,
     .doc = "Model providers by id. `sim`, the simulator, is always there.",
     .example = "{openai: {api_key: \"${env:OPENAI_API_KEY}\"}}"},
    {.path = "providers.*",
     .type = OPTION_GROUP,
     .doc = "A provider. Its id is the part before the slash in `provider/model`.",
     .example = "{kind: groq, api_key: \"${env:GROQ_API_KEY}\"}"},
    {.path = "providers.*.kind",
     .type = OPTION_KIND,
     .doc = "A provider known by name, or a dialect. Absent: the id, when that is a known name.",
     .example = "openai"},
    {.path = "providers.*.base_url",
     .type = OPTION_URL,
     .doc = "What the provider's own SDK takes as its base URL. Absent: the kind's.",
     .example = "http://gpu1:8000/v1"},
    {.path = "providers.*.endpoints",
     .type = OPTION_LIST,
     .flags = OPTION_NOT_EMPTY,
     .max = 64,
     .doc =
         "Several base URLs; requests are spread by weight. `base_url` is then left out, or one of "
         "them.",
     .example = "[{url: http://gpu1:8000/v1}, {url: http://gpu2:8000/v1, weight: 2}]"},
    {.path = "providers.*.endpoints[]",
     .type = OPTION_GROUP,
     .flags = OPTION_SHORT,
     .doc = "One base URL.",
     .example = "{url: http://gpu1:8000/v1, weight: 2}"},
    {.path = "providers.*.endpoints[].url",
     .type = OPTION_URL,
     .flags = OPTION_REQUIRED,
     .doc = "The base URL.",
     .example = "http://gpu1:8000/v1"},
    {.path = "providers.*.endpoints[].weight",
     .type = OPTION_INT,
     .fallback = "1",
     .min = 1,
     .max = 1000,
     .doc = "Share of the requests, relative to the other endpoints.",
     .example = "2"},
    {.path = "providers.*.api_key",
     .type = OPTION_SECRET,
     .doc = "The credential sent to the provider.",
     .example = "${env:OPENAI_API_KEY}"},
    {.path = "providers.*.keys",
     .type = OPTION_LIST,
     .flags = OPTION_NOT_EMPTY,
     .max = 64,
     .doc = "Several credentials in place of `api_key`; requests are spread by weight.",
     .example = "[{id: a, value: \"${env:KEY_A}\", weight: 3}, {id: b, value: \"${env:KEY_B}\"}]"},
    {.path = "providers.*.keys[]",
     .type = OPTION_GROUP,
     .doc = "One credential.",
     .example = "{id: a, value: \"${env:KEY_A}\"}"},
    {.path = "providers.*.keys[].id",
     .type = OPTION_ID,
     .flags = OPTION_REQUIRED,
     .doc = "Its name in headers, logs and metrics.",
     .example = "prod-a"},
    {.path = "providers.*.keys[].value",
     .type = OPTION_SECRET,
     .flags = OPTION_REQUIRED,
     .doc = "The credential.",
     .example = "${file:/run/secrets/openai_a}"},
    {.path = "providers.*.keys[].weight",
     .type = OPTION_INT,
     .fallback = "1",
     .min = 1,
     .max = 1000,
     .doc = "Share of the requests, relative to the other keys.",
     .example = "3"},
    LATER("providers.*.keys[].models", "Keys for some models only."),
    {.path = "providers.*.headers",
     .type = OPTION_MAP,
     .flags = OPTION_HEADER_KEYS,
     .doc = "Headers added to every request to this provider.",
     .example = "{x-team: ml}"},
    {.path = "providers.*.headers.*",
     .type = OPTION_TEXT,
     .flags = OPTION_MAY_HIDE,
     .doc = "The header's value.",
     .example = "ml"},
    {.path = "providers.*.forward_headers",
     .type = OPTION_LIST,
     .doc = "Headers of the client that are passed on to this provider besides the usual ones.",
     .example = "[x-session]"},
    {.path = "providers.*.forward_headers[]",
     .type = OPTION_HEADER,
     .doc = "A header name.",
     .example = "x-session"},
    {.path = "providers.*.timeouts",
     .type = OPTION_GROUP,
     .doc = "How long this provider may take.",
     .example = "{connect: 2s, first_byte: 120s, total: 15m}"},
    TIMEOUT("providers.*.timeouts.dns", "3s", "To resolve its name."),
    TIMEOUT("providers.*.timeouts.connect", "3s", "To take the connection."),
    TIMEOUT("providers.*.timeouts.tls", "5s", "For the TLS handshake."),
    TIMEOUT("providers.*.timeouts.first_byte", "120s",
            "From the end of the request to the first byte of the answer."),
    TIMEOUT("providers.*.timeouts.idle", "60s", "Between two pieces of an answer."),
    TIMEOUT("providers.*.timeouts.total", "900s", "For a request as a whole."),
    {.path = "providers.*.max_concurrent",
     .type = OPTION_COUNT,
     .fallback = "0",
     .min = 0,
     .max = 1000000,
     .doc = "Requests in flight to this provider, of the whole process; 0: no limit.",
     .example = "64"},
    {.path = "providers.*.ca",
     .type = OPTION_PATH,
     .doc = "Certificates trusted for this provider in place of the system's: a PEM file or a "
            "directory.",
     .example = "/etc/ssl/private-ca.pem"},
    {.path = "providers.*.cert",
     .type = OPTION_PATH,
     .doc = "Client certificate shown to the provider, with its chain.",
     .example = "/etc/tls/client.pem"},
    {.path = "providers.*.key",
     .type = OPTION_PATH,
     .doc = "Private key of `cert`.",
     .example = "/etc/tls/client.key"},
    {.path = "providers.*.proxy",
     .type = OPTION_TEXT,
     .flags = OPTION_MAY_HIDE,
     .word = "off",
     .doc = "HTTP proxy for this provider. Absent: what HTTPS_PROXY, HTTP_PROXY and NO_PROXY say; "
            "`off`: none.",
     .example = "http://proxy:3128"},
    LATER("providers.*.breaker", "A circuit breaker for failing endpoints."),
    LATER("providers.*.health", "Active health checks."),
    LATER("providers.*.balance", "Balancing by load."),
    LATER("providers.*.autoscale", "Scaling of local engines."),
    LATER("providers.*.retry", "Retries by provider."),
    {.path = "providers.*.region",
     .type = OPTION_TEXT,
     .doc = "AWS region, part of the base URL. Absent: AWS_REGION.",
     .example = "eu-central-1"},
    {.path = "providers.*.project",
     .type = OPTION_TEXT,
     .doc = "Google Cloud project.",
     .example = "my-project"},
    {.path = "providers.*.location",
     .type = OPTION_TEXT,
     .doc = "Google Cloud location, part of the base URL; `global` has one of its own.",
     .example = "europe-west1"},
    {.path = "providers.*.resource",
     .type = OPTION_TEXT,
     .doc = "Azure resource, part of the base URL; Snowflake account, Databricks workspace, "
            "Cloudflare account.",
     .example = "my-resource"},
    {.path = "providers.*.api_version",
     .type = OPTION_TEXT,
     .doc = "Azure: version of the API by deployment. Absent: /openai/v1, which has none.",
     .example = "2024-10-21"},
    {.path = "providers.*.credentials",
     .type = OPTION_PATH,
     .doc = "Google Cloud: a service account's, workload identity's or user's file. Absent: "
            "GOOGLE_APPLICATION_CREDENTIALS, else the metadata server.",
     .example = "/run/secrets/gcp.json"},
    {.path = "providers.*.aws",
     .type = OPTION_GROUP,
     .flags = OPTION_OPTIONAL,
     .doc = "AWS credentials. Absent: the environment, the shared files, the container's, the "
            "machine's or web identity's, in the usual order.",
     .example = "{profile: prod}"},
    {.path = "providers.*.aws.access_key_id",
     .type = OPTION_SECRET,
     .doc = "Access key.",
     .example = "${env:AWS_ACCESS_KEY_ID}"},
    {.path = "providers.*.aws.secret_access_key",
     .type = OPTION_SECRET,
     .doc = "Its secret.",
     .example = "${env:AWS_SECRET_ACCESS_KEY}"},
    {.path = "providers.*.aws.session_token",
     .type = OPTION_SECRET,
     .doc = "Session token of temporary keys.",
     .example = "${env:AWS_SESSION_TOKEN}"},
    {.path = "providers.*.aws.profile",
     .type = OPTION_TEXT,
     .doc = "Profile of the shared files.",
     .example = "prod"},
    {.path = "providers.*.aws.role_arn",
     .type = OPTION_TEXT,
     .doc = "Role to assume with what was found.",
     .example = "arn:aws:iam::123456789012:role/models"},
    {.path = "providers.*.aws.role_name",
     .type = OPTION_TEXT,
     .doc = "Name of the role's session.",
     .example = "throwbar"},
    {.path = "providers.*.aws.external_id",
     .type = OPTION_TEXT,
     .doc = "External id the role asks for.",
     .example = "my-id"},
    {.path = "providers.*.aws.sts_url",
     .type = OPTION_URL,
     .doc = "STS endpoint in place of the region's.",
     .example = "https://sts.eu-central-1.amazonaws.com"},
    {.path = "providers.*.aws.imds_url",
     .type = OPTION_URL,
     .doc = "Metadata service of the machine in place of the usual address.",
     .example = "http://169.254.169.254"},
    {.path = "providers.*.gcp",
     .type = OPTION_GROUP,
     .flags = OPTION_OPTIONAL,
     .doc = "Further settings of Google Cloud credentials.",
     .example = "{metadata_host: metadata.internal}"},
    {.path = "providers.*.gcp.scope",
     .type = OPTION_TEXT,
     .doc = "OAuth scope.",
     .example = "https://www.googleapis.com/auth/cloud-platform"},
    {.path = "providers.*.gcp.token_url",
     .type = OPTION_URL,
     .doc = "Token endpoint in place of the file's.",
     .example = "https://oauth2.googleapis.com/token"},
    {.path = "providers.*.gcp.metadata_host",
     .type = OPTION_TEXT,
     .doc = "Host of the metadata server.",
     .example = "metadata.google.internal"},
    {.path = "providers.*.entra",
     .type = OPTION_GROUP,
     .flags = OPTION_OPTIONAL,
     .doc = "Azure sign-in without a person.",
     .example = "{tenant_id: t, client_id: c, client_secret: \"${env:AZURE_CLIENT_SECRET}\"}"},
    {.path = "providers.*.entra.auth",
     .type = OPTION_CHOICE,
     .fallback = "secret",
     .choices = "secret|certificate|federated|managed",
     .doc = "How the gateway shows who it is: an application's secret or certificate, a token that "
            "Kubernetes or another provider has made (workload identity), or the managed identity "
            "of the machine it runs on.",
     .example = "managed"},
    {.path = "providers.*.entra.tenant_id",
     .type = OPTION_TEXT,
     .doc = "Tenant; for all but `managed`. Absent: AZURE_TENANT_ID.",
     .example = "contoso.onmicrosoft.com"},
    {.path = "providers.*.entra.client_id",
     .type = OPTION_TEXT,
     .doc = "Application. Absent: AZURE_CLIENT_ID. For `managed`: which of several identities.",
     .example = "00000000-0000-0000-0000-000000000000"},
    {.path = "providers.*.entra.client_secret",
     .type = OPTION_SECRET,
     .doc = "Its secret.",
     .example = "${env:AZURE_CLIENT_SECRET}"},
    {.path = "providers.*.entra.private_key",
     .type = OPTION_PATH,
     .doc = "File with the key of its certificate, in PEM.",
     .example = "/run/secrets/azure.key"},
    {.path = "providers.*.entra.certificate",
     .type = OPTION_PATH,
     .doc = "File with the certificate, in PEM.",
     .example = "/run/secrets/azure.pem"},
    {.path = "providers.*.entra.token_file",
     .type = OPTION_PATH,
     .doc = "File that holds the federated token. Absent: AZURE_FEDERATED_TOKEN_FILE.",
     .example = "/var/run/secrets/azure/tokens/azure-identity-token"},
    {.path = "providers.*.entra.identity_url",
     .type = OPTION_URL,
     .doc = "Endpoint of the managed identity in place of the machine's metadata service.",
     .example = "http://169.254.169.254/metadata/identity/oauth2/token"},
    {.path = "providers.*.entra.scope",
     .type = OPTION_TEXT,
     .fallback = "https://cognitiveservices.azure.com/.default",
     .doc = "Scope.",
     .example = "https://cognitiveservices.azure.com/.default"},
    {.path = "providers.*.entra.authority",
     .type = OPTION_URL,
     .fallback = "https://login.microsoftonline.com",
     .doc = "Where to sign in.",
     .example = "https://login.microsoftonline.com"},
    {.path = "providers.*.oauth",
     .type = OPTION_GROUP,
     .flags = OPTION_OPTIONAL,
     .doc = "OAuth 2.0 client credentials.",
     .example = "{token_url: \"https://id.example.com/token\", client_id: c, client_secret: "
                "\"${env:SECRET}\"}"},
    {.path = "providers.*.oauth.token_url",
     .type = OPTION_URL,
     .flags = OPTION_REQUIRED,
     .doc = "Token endpoint.",
     .example = "https://id.example.com/oauth2/token"},
    {.path = "providers.*.oauth.client_id",
     .type = OPTION_TEXT,
     .flags = OPTION_REQUIRED,
     .doc = "Client.",
     .example = "gateway"},
    {.path = "providers.*.oauth.client_secret",
     .type = OPTION_SECRET,
     .doc = "Its secret, for basic and post.",
     .example = "${env:OAUTH_SECRET}"},
    {.path = "providers.*.oauth.auth",
     .type = OPTION_CHOICE,
     .fallback = "basic",
     .choices = "basic|post|private_key_jwt|mtls",
     .doc = "How the client shows who it is: its secret in a header or in the form, a token signed "
            "with its key, or its certificate (`cert`, `key`).",
     .example = "private_key_jwt"},
    {.path = "providers.*.oauth.private_key",
     .type = OPTION_PATH,
     .doc = "File with the RSA key in PEM, for private_key_jwt.",
     .example = "/run/secrets/client.pem"},
    {.path = "providers.*.oauth.key_id", .type = OPTION_TEXT, .doc = "Its id.", .example = "key-1"},
    {.path = "providers.*.oauth.jwt_audience",
     .type = OPTION_TEXT,
     .doc = "Audience of the signed token. Absent: token_url.",
     .example = "https://id.example.com"},
    {.path = "providers.*.oauth.scope",
     .type = OPTION_TEXT,
     .doc = "Scope.",
     .example = "models.read"},
    {.path = "providers.*.oauth.audience",
     .type = OPTION_TEXT,
     .doc = "Audience.",
     .example = "https://api.example.com"},

    {.path = "capabilities",
     .type = OPTION_LIST,
     .max = 1000,
     .doc =
         "What models can do, in front of the built-in table: the first row that matches counts.",
     .example = "[{models: \"my-model*\", max_output: 32k}]"},
    {.path = "capabilities[]",
     .type = OPTION_GROUP,
     .doc = "One rule.",
     .example = "{models: \"gpt-7*\", call: responses}"},
    {.path = "capabilities[].models",
     .type = OPTION_TEXT,
     .flags = OPTION_REQUIRED,
     .doc = "Pattern of the provider's names for them; `*` stands for anything.",
     .example = "gpt-7*"},
    {.path = "capabilities[].call",
     .type = OPTION_CHOICE,
     .fallback = "any",
     .choices = "any|tools-on-responses|responses|chat",
     .doc = "Which of OpenAI's calls they take; tools-on-responses: chat completions, but with "
            "tools only Responses.",
     .example = "responses"},
    {.path = "capabilities[].sampling",
     .type = OPTION_CHOICE,
     .fallback = "all",
     .choices = "all|without-effort|none",
     .doc = "Whether temperature, top_p and their kin are taken; without-effort: only while "
            "reasoning is off.",
     .example = "none"},
    {.path = "capabilities[].efforts",
     .type = OPTION_LIST,
     .doc = "Reasoning efforts they know.",
     .example = "[low, medium, high]"},
    {.path = "capabilities[].efforts[]",
     .type = OPTION_CHOICE,
     .choices = "none|minimal|low|medium|high|xhigh|max",
     .doc = "An effort.",
     .example = "high"},
    {.path = "capabilities[].thinking",
     .type = OPTION_LIST,
     .doc = "Ways of thinking they know.",
     .example = "[adaptive]"},
    {.path = "capabilities[].thinking[]",
     .type = OPTION_CHOICE,
     .choices = "off|budget|adaptive|between-tools",
     .doc = "One way.",
     .example = "adaptive"},
    {.path = "capabilities[].tool_choice",
     .type = OPTION_LIST,
     .doc = "Tool choices they take.",
     .example = "[auto, none]"},
    {.path = "capabilities[].tool_choice[]",
     .type = OPTION_CHOICE,
     .choices = "auto|none|required|named|allowed",
     .doc = "A choice.",
     .example = "auto"},
    {.path = "capabilities[].schema",
     .type = OPTION_CHOICE,
     .fallback = "any",
     .choices = "any|openai|anthropic|gemini-json|gemini-openapi",
     .doc = "Which subset of JSON Schema they take.",
     .example = "openai"},
    {.path = "capabilities[].max_output",
     .type = OPTION_COUNT,
     .fallback = "0",
     .min = 0,
     .max = 100000000,
     .doc = "Most tokens of an answer; 0: not known.",
     .example = "32k"},
    {.path = "capabilities[].can",
     .type = OPTION_LIST,
     .doc = "What else they take.",
     .example = "[prefill, json-schema]"},
    {.path = "capabilities[].can[]",
     .type = OPTION_CHOICE,
     .choices = "prefill|mid-system|developer|json-schema|image-url|parallel-off|stop|sign-calls|"
                "drop-stale|cache-marks|images-in-results|adaptive|strict-tools",
     .doc = "One of it.",
     .example = "prefill"},

    {.path = "models",
     .type = OPTION_MAP,
     .flags = OPTION_MODEL_KEYS,
     .doc = "Names of your own for models of a provider.",
     .example = "{fast: {use: openai/gpt-5-mini}}"},
    {.path = "models.*",
     .type = OPTION_GROUP,
     .doc = "A name that clients may put into `model`.",
     .example = "{use: openai/gpt-5-mini}"},
    {.path = "models.*.use",
     .type = OPTION_TEXT,
     .flags = OPTION_REQUIRED,
     .doc = "provider/model; everything after the first slash is the provider's own name.",
     .example = "openai/gpt-5-mini"},
    LATER("models.*.price", "Prices that override the catalogue."),
    LATER("models.*.version", "A pinned version of the model."),
    LATER("models.*.data", "Where a model keeps its data."),

    {.path = "keys",
     .type = OPTION_LIST,
     .doc = "Gateway keys, by their hash.",
     .example = "[{id: web, secret_hash: \"sha256:...\"}]"},
    {.path = "keys[]",
     .type = OPTION_GROUP,
     .doc = "A gateway key.",
     .example = "{id: web, secret_hash: \"sha256:...\", models: [fast], expires: 2027-03-01}"},
    {.path = "keys[].id",
     .type = OPTION_ID,
     .flags = OPTION_REQUIRED,
     .doc = "Its name in logs and metrics.",
     .example = "web-prod"},
    {.path = "keys[].secret_hash",
     .type = OPTION_HASH,
     .flags = OPTION_REQUIRED,
     .doc = "`sha256:` and the SHA-256 of the whole key in hexadecimal.",
     .example = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    {.path = "keys[].models",
     .type = OPTION_LIST,
     .flags = OPTION_NOT_EMPTY,
     .doc = "What the key may use: model ids, provider/model, provider/*; absent: everything.",
     .example = "[fast, openai/gpt-5-mini, \"groq/*\"]"},
    {.path = "keys[].models[]",
     .type = OPTION_TEXT,
     .doc = "A model id, provider/model, or provider/*.",
     .example = "fast"},
    {.path = "keys[].expires",
     .type = OPTION_DATE,
     .doc = "When the key stops working.",
     .example = "2027-03-01"},
    {.path = "keys[].headers",
     .type = OPTION_CHOICE,
     .fallback = "full",
     .choices = "full|basic|off",
     .doc = "How much the tb-* headers of an answer tell to this key.",
     .example = "basic"},
    LATER("keys[].team", "Keys that belong to a team."),
    LATER("keys[].limits", "Rate limits of a key."),
    LATER("keys[].budget", "Budgets of a key."),
    LATER("keys[].ip", "Addresses a key may be used from."),

    {.path = "observability",
     .type = OPTION_GROUP,
     .doc = "What the gateway tells about itself.",
     .example = "{log: {level: info}}"},
    {.path = "observability.log",
     .type = OPTION_GROUP,
     .doc = "The log: one line for each request.",
     .example = "{format: json, level: info}"},
    {.path = "observability.log.format",
     .type = OPTION_CHOICE,
     .fallback = "json",
     .choices = "json|text",
     .doc = "For programs or for people.",
     .example = "text"},
    {.path = "observability.log.level",
     .type = OPTION_CHOICE,
     .fallback = "info",
     .choices = "debug|info|warn|error|off",
     .doc = "The least important events that are written.",
     .example = "warn"},
    {.path = "observability.log.file",
     .type = OPTION_PATH,
     .doc = "File to append to. Absent: standard error.",
     .example = "/var/log/throwbar/throwbar.log"},
    LATER("observability.log.bodies", "Storing prompts and answers."),
    LATER("observability.otlp", "Traces by OTLP."),
    LATER("observability.prometheus", "Settings of the metrics."),
    LATER("observability.audit", "The audit log."),

    LATER("include", "Further files."),
    LATER("store", "A database for keys, budgets and usage."),
    LATER("storage", "A database for keys, budgets and usage."),
    LATER("routes", "Virtual models with a policy."),
    LATER("teams", "Teams with budgets."),
    LATER("limits", "Rate limits."),
    LATER("budgets", "Budgets."),
    LATER("cache", "The response cache."),
    LATER("guardrails", "Checks of prompts and answers."),
    LATER("policies", "Policies by route."),
    LATER("transforms", "Changes to requests and answers."),
    LATER("plugins", "Lua and WebAssembly plugins."),
    LATER("jobs", "Asynchronous requests."),
    LATER("alerts", "Alerts."),
    LATER("mcp", "The MCP gateway."),
};

size_t schema_count(void)
{
    return ARRAY_LEN(options);
}

const struct option *schema_at(size_t i)
{
    must(i < ARRAY_LEN(options));
    return &options[i];
}

const struct option *schema_root(void)
{
    return &options[0];
}

/* What follows the parent's path in o's path if o is directly below it: ".key", ".*" or "[]". */
static bool is_child(const struct option *parent, const struct option *o)
{
    size_t n = strlen(parent->path);

    if (o == parent || strncmp(o->path, parent->path, n) != 0 || o->path[n] == '\0')
        return false;
    if (strcmp(o->path + n, "[]") == 0)
        return true;
    if (n > 0 && o->path[n] != '.')
        return false;
    return strpbrk(o->path + n + (n > 0 ? 1 : 0), ".[") == NULL;
}

str schema_key(const struct option *o)
{
    const char *dot = strrchr(o->path, '.');
    str last = str_from_cz(dot ? dot + 1 : o->path);

    return str_has_suffix(last, S("[]")) ? S("[]") : last;
}

const struct option *schema_next_child(const struct option *parent, const struct option *previous)
{
    const struct option *o = previous ? previous + 1 : options;

    for (; o < options + ARRAY_LEN(options); o++) {
        if (is_child(parent, o))
            return o;
    }
    return NULL;
}

const struct option *schema_child(const struct option *parent, str key)
{
    const struct option *o = NULL;

    while ((o = schema_next_child(parent, o)) != NULL) {
        if (parent->type != OPTION_GROUP || str_eq(schema_key(o), key))
            return o;
    }
    return NULL;
}

str schema_nearest(const struct option *parent, str wanted)
{
    const struct option *o = NULL;
    unsigned best_distance = NEAR_LIMIT;
    str best = S_EMPTY;

    if (wanted.n > NEAR_LENGTH)
        return best;
    while ((o = schema_next_child(parent, o)) != NULL) {
        str key = schema_key(o);
        unsigned d = str_distance(key, wanted, NEAR_LIMIT);
        if (d < best_distance && d <= key.n / 2 && o->type != OPTION_LATER) {
            best = key;
            best_distance = d;
        }
    }
    return best;
}

str schema_choice(const struct option *o, size_t i)
{
    str rest = str_from_cz(o->choices), word = S_EMPTY;
    bool more = true;

    for (size_t at = 0; more; at++) {
        more = str_cut(rest, '|', &word, &rest);
        if (at == i)
            return word;
    }
    return S_EMPTY;
}

str schema_bound_text(struct arena *a, const struct option *o, int64_t bound)
{
    static const struct {
        enum option_type type;
        int64_t factor;
        const char *suffix;
    } units[] = {
        {OPTION_DURATION, DAY, "d"},      {OPTION_DURATION, 3600 * SEC, "h"},
        {OPTION_DURATION, 60 * SEC, "m"}, {OPTION_DURATION, SEC, "s"},
        {OPTION_DURATION, MS, "ms"},      {OPTION_SIZE, GIB, "GiB"},
        {OPTION_SIZE, MIB, "MiB"},        {OPTION_SIZE, KIB, "KiB"},
    };

    for (size_t i = 0; i < ARRAY_LEN(units) && bound != 0; i++) {
        if (units[i].type == o->type && bound % units[i].factor == 0)
            return arena_printf(a, "%lld%s", (long long)(bound / units[i].factor), units[i].suffix);
    }
    return arena_printf(a, "%lld", (long long)bound);
}

static str choices_text(struct arena *a, const struct option *o)
{
    struct buf b;

    buf_init(&b, 1024);
    buf_put(&b, S("one of "));
    for (size_t i = 0; schema_choice(o, i).n > 0; i++) {
        if (i > 0)
            buf_put(&b, S(", "));
        buf_put(&b, schema_choice(o, i));
    }
    str text = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return text;
}

str schema_type_text(struct arena *a, const struct option *o)
{
    static const char *const names[] = {
        [OPTION_GROUP] = "a mapping",
        [OPTION_MAP] = "a mapping",
        [OPTION_LIST] = "a list",
        [OPTION_TEXT] = "a text",
        [OPTION_SECRET] = "a secret text",
        [OPTION_ID] = "an id",
        [OPTION_INT] = "a whole number",
        [OPTION_COUNT] = "a count like 400k",
        [OPTION_SIZE] = "a size like 32MiB",
        [OPTION_DURATION] = "a duration like 30s",
        [OPTION_CHOICE] = "",
        [OPTION_URL] = "a URL",
        [OPTION_ADDRESS] = "an address like 127.0.0.1:8080",
        [OPTION_PATH] = "a file name",
        [OPTION_DATE] = "a date like 2027-03-01",
        [OPTION_HASH] = "a key hash like sha256:...",
        [OPTION_KIND] = "a kind of provider",
        [OPTION_HEADER] = "a header name",
        [OPTION_LATER] = "not in this version",
    };
    str text = o->type == OPTION_CHOICE ? choices_text(a, o) : str_from_cz(names[(size_t)o->type]);

    if (o->word)
        text = arena_printf(a, STR_FMT " or `%s`", STR_ARG(text), o->word);
    if (o->flags & OPTION_ONE_OR_LIST)
        text = arena_printf(a, STR_FMT ", or its only element", STR_ARG(text));
    return text;
}
