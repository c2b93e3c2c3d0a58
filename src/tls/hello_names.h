/* SPDX-License-Identifier: MIT
 *
 * The numbers of TLS with their names (IANA's registry "TLS Parameters"): what the hand-made hello
 * offers, in its order, and what is only known by name.
 */
#ifndef WHY_TLS_HELLO_NAMES_H
#define WHY_TLS_HELLO_NAMES_H

/* What a careful server prefers comes first, so that one that follows the client's order chooses
 * what OpenSSL would have offered as well, where it has it. */
#define WHY__HELLO_SUITE_MAP(X)                                                                    \
    X(0x1301, "TLS_AES_128_GCM_SHA256")                                                            \
    X(0x1302, "TLS_AES_256_GCM_SHA384")                                                            \
    X(0x1303, "TLS_CHACHA20_POLY1305_SHA256")                                                      \
    X(0x1304, "TLS_AES_128_CCM_SHA256")                                                            \
    X(0x1305, "TLS_AES_128_CCM_8_SHA256")                                                          \
    X(0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")                                           \
    X(0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")                                             \
    X(0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")                                           \
    X(0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")                                             \
    X(0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")                                     \
    X(0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256")                                       \
    X(0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256")                                               \
    X(0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384")                                               \
    X(0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256")                                         \
    X(0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256")                                           \
    X(0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256")                                             \
    X(0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384")                                           \
    X(0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384")                                             \
    X(0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA")                                              \
    X(0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")                                                \
    X(0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA")                                              \
    X(0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA")                                                \
    X(0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256")                                               \
    X(0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256")                                               \
    X(0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA")                                                  \
    X(0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA")                                                  \
    X(0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256")                                                   \
    X(0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384")                                                   \
    X(0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256")                                                   \
    X(0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256")                                                   \
    X(0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA")                                                      \
    X(0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA")                                                      \
    X(0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM")                                                  \
    X(0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM")                                                  \
    X(0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8")                                                \
    X(0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8")                                                \
    X(0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM")                                                      \
    X(0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM")                                                      \
    X(0xc0a2, "TLS_DHE_RSA_WITH_AES_128_CCM_8")                                                    \
    X(0xc0a3, "TLS_DHE_RSA_WITH_AES_256_CCM_8")                                                    \
    X(0xc09c, "TLS_RSA_WITH_AES_128_CCM")                                                          \
    X(0xc09d, "TLS_RSA_WITH_AES_256_CCM")                                                          \
    X(0xc0a0, "TLS_RSA_WITH_AES_128_CCM_8")                                                        \
    X(0xc0a1, "TLS_RSA_WITH_AES_256_CCM_8")                                                        \
    X(0xc072, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256")                                      \
    X(0xc073, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384")                                      \
    X(0xc076, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256")                                        \
    X(0xc077, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384")                                        \
    X(0xc086, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256")                                      \
    X(0xc087, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384")                                      \
    X(0xc08a, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256")                                        \
    X(0xc08b, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384")                                        \
    X(0x00ba, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256")                                              \
    X(0x00c0, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256")                                              \
    X(0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA")                                                 \
    X(0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA")                                                 \
    X(0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA")                                             \
    X(0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA")                                             \
    X(0xc05c, "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256")                                          \
    X(0xc05d, "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384")                                          \
    X(0xc060, "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256")                                            \
    X(0xc061, "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384")                                            \
    X(0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256")                                               \
    X(0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384")                                               \
    X(0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA")                                                  \
    X(0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA")                                                  \
    X(0x0096, "TLS_RSA_WITH_SEED_CBC_SHA")                                                         \
    X(0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA")                                                         \
    X(0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA")                                             \
    X(0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA")                                               \
    X(0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA")                                                 \
    X(0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA")                                                 \
    X(0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA")                                                     \
    X(0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA")                                                  \
    X(0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA")                                                    \
    X(0x0005, "TLS_RSA_WITH_RC4_128_SHA")                                                          \
    X(0x0004, "TLS_RSA_WITH_RC4_128_MD5")                                                          \
    X(0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA")                                                      \
    X(0x0009, "TLS_RSA_WITH_DES_CBC_SHA")                                                          \
    X(0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA")                                             \
    X(0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA")                                                 \
    X(0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5")                                                \
    X(0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5")                                                    \
    X(0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA")                                                     \
    X(0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA")                                                       \
    X(0x003b, "TLS_RSA_WITH_NULL_SHA256")                                                          \
    X(0x0002, "TLS_RSA_WITH_NULL_SHA")                                                             \
    X(0x0001, "TLS_RSA_WITH_NULL_MD5")                                                             \
    X(0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA")                                                \
    X(0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA")                                                \
    X(0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256")                                               \
    X(0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384")                                               \
    X(0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA")                                                  \
    X(0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA")                                                  \
    X(0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV") /* RFC 5746: "I know it", to all alike */

#define WHY__HELLO_GROUP_MAP(X)                                                                    \
    X(0x001d, "x25519")                                                                            \
    X(0x0017, "secp256r1")                                                                         \
    X(0x001e, "x448")                                                                              \
    X(0x0019, "secp521r1")                                                                         \
    X(0x0018, "secp384r1")                                                                         \
    X(0x0100, "ffdhe2048")                                                                         \
    X(0x0101, "ffdhe3072")                                                                         \
    X(0x0102, "ffdhe4096")                                                                         \
    X(0x0103, "ffdhe6144")                                                                         \
    X(0x0104, "ffdhe8192")                                                                         \
    X(0x001a, "brainpoolP256r1")                                                                   \
    X(0x001b, "brainpoolP384r1")                                                                   \
    X(0x001c, "brainpoolP512r1")                                                                   \
    X(0x0016, "secp256k1")                                                                         \
    X(0x0015, "secp224r1")                                                                         \
    X(0x0013, "secp192r1")                                                                         \
    X(0x0009, "sect283k1")

/* RFC 8446 section 4.2.3; below them RFC 5246's pairs of hash and signature. */
#define WHY__HELLO_SIGNATURE_MAP(X)                                                                \
    X(0x0403, "ecdsa_secp256r1_sha256")                                                            \
    X(0x0503, "ecdsa_secp384r1_sha384")                                                            \
    X(0x0603, "ecdsa_secp521r1_sha512")                                                            \
    X(0x0807, "ed25519")                                                                           \
    X(0x0808, "ed448")                                                                             \
    X(0x0809, "rsa_pss_pss_sha256")                                                                \
    X(0x080a, "rsa_pss_pss_sha384")                                                                \
    X(0x080b, "rsa_pss_pss_sha512")                                                                \
    X(0x0804, "rsa_pss_rsae_sha256")                                                               \
    X(0x0805, "rsa_pss_rsae_sha384")                                                               \
    X(0x0806, "rsa_pss_rsae_sha512")                                                               \
    X(0x0401, "rsa_pkcs1_sha256")                                                                  \
    X(0x0501, "rsa_pkcs1_sha384")                                                                  \
    X(0x0601, "rsa_pkcs1_sha512")                                                                  \
    X(0x081a, "ecdsa_brainpoolP256r1tls13_sha256")                                                 \
    X(0x081b, "ecdsa_brainpoolP384r1tls13_sha384")                                                 \
    X(0x081c, "ecdsa_brainpoolP512r1tls13_sha512")                                                 \
    X(0x0303, "ecdsa_sha224")                                                                      \
    X(0x0301, "rsa_pkcs1_sha224")                                                                  \
    X(0x0402, "dsa_sha256")                                                                        \
    X(0x0302, "dsa_sha224")                                                                        \
    X(0x0203, "ecdsa_sha1")                                                                        \
    X(0x0201, "rsa_pkcs1_sha1")                                                                    \
    X(0x0202, "dsa_sha1")                                                                          \
    X(0x0101, "rsa_pkcs1_md5")

#endif
