/* Certificates made on the spot, as PEM files in a folder of the test's own. */
#pragma once

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/defs.h"

#define CERT_DAY 86400L

static char certs_dir[] = "/tmp/throwbar_certs_XXXXXX";

struct cert {
    X509 *x509;
    EVP_PKEY *key;
};

struct cert_spec {
    const char *name;          /* files name.pem and name.key; also the common name */
    const char *san;           /* "DNS:a.test,IP:127.0.0.1"; NULL: none */
    const struct cert *issuer; /* NULL: itself */
    long from_s, to_s;         /* validity from now; both 0: a day either way */
    const char *passphrase;    /* of the key file; NULL: none */
    bool is_ca;
};

static inline void certs_open(void)
{
    must(mkdtemp(certs_dir) != NULL);
}

/* The path of a file in the folder; two may be in use at a time. */
static inline const char *certs_path(const char *name, const char *suffix)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % ARRAY_LEN(paths)];
    snprintf(path, sizeof(paths[0]), "%s/%s%s", certs_dir, name, suffix);
    return path;
}

static inline void certs_extend(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    must(extension && X509_add_ext(x, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static inline void certs_write(const struct cert_spec *spec, const struct cert *cert)
{
    FILE *f = fopen(certs_path(spec->name, ".pem"), "w");
    must(f && PEM_write_X509(f, cert->x509) == 1 && fclose(f) == 0);
    const EVP_CIPHER *cipher = spec->passphrase ? EVP_aes_128_cbc() : NULL;
    const unsigned char *pass = (const unsigned char *)spec->passphrase;
    int n = spec->passphrase ? (int)strlen(spec->passphrase) : 0;
    f = fopen(certs_path(spec->name, ".key"), "w");
    must(f && PEM_write_PrivateKey(f, cert->key, cipher, pass, n, NULL, NULL) == 1);
    must(fclose(f) == 0);
}

static inline struct cert certs_make(const struct cert_spec *spec)
{
    static long serial;
    struct cert cert = {.x509 = X509_new(), .key = EVP_EC_gen("P-256")};
    const struct cert *issuer = spec->issuer ? spec->issuer : &cert;
    bool has_dates = spec->from_s != 0 || spec->to_s != 0;
    must(cert.x509 && cert.key);
    X509_set_version(cert.x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(cert.x509), has_dates ? spec->from_s : -CERT_DAY);
    X509_gmtime_adj(X509_getm_notAfter(cert.x509), has_dates ? spec->to_s : CERT_DAY);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.x509), "CN", MBSTRING_ASC,
                               (const unsigned char *)spec->name, -1, -1, 0);
    X509_set_issuer_name(cert.x509, X509_get_subject_name(issuer->x509));
    X509_set_pubkey(cert.x509, cert.key);
    certs_extend(cert.x509, NID_basic_constraints, spec->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (spec->san)
        certs_extend(cert.x509, NID_subject_alt_name, spec->san);
    must(X509_sign(cert.x509, issuer->key, EVP_sha256()) > 0);
    certs_write(spec, &cert);
    return cert;
}

static inline void certs_free(struct cert *cert)
{
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
}

static inline void certs_close(void)
{
    DIR *dir = opendir(certs_dir);
    must(dir);
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            unlink(certs_path(entry->d_name, ""));
    }
    closedir(dir);
    rmdir(certs_dir);
}
