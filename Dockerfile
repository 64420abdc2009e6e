# The host and the default policies. Build: docker compose build

ARG RUST_VERSION=1.95.0

FROM rust:${RUST_VERSION}-slim-bookworm AS build
ARG RUST_VERSION
# This image's own toolchain, whatever rust-toolchain.toml would fetch.
ENV RUSTUP_TOOLCHAIN=${RUST_VERSION}
RUN rustup target add wasm32-unknown-unknown
WORKDIR /build
COPY . .
# The caches outlive the build; what the image needs is copied out of them. Sources are made new,
# because cargo goes by their times: without, an older checkout would be taken for what was built
# last. The host refuses folders that group or others may write to.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target,sharing=locked \
    find . -path ./target -prune -o -type f -exec touch {} + && \
    cargo build --locked --release --package auth-host && \
    cargo build --locked --profile policy --target wasm32-unknown-unknown --package register --package login --package refresh && \
    mkdir -p /out/policies && \
    cp target/release/auth-host /out/auth-host && \
    for slot in register login refresh; do \
        /out/auth-host policy pack "target/wasm32-unknown-unknown/policy/$slot.wasm" \
            --manifest "components/$slot/manifest.json" --output "/out/policies/$slot.wasm" || exit 1; \
    done && \
    chmod 755 /out/auth-host /out/policies && chmod 644 /out/policies/*.wasm

FROM debian:bookworm-slim
# A new volume takes owner and mode of /data from here. The host itself sets its umask to 077.
RUN groupadd --system --gid 10001 auth && useradd --system --uid 10001 --gid auth --no-create-home --shell /usr/sbin/nologin auth && \
    install -d -m 700 -o 10001 -g 10001 /data
# For servers of your own that are reached over TLS (amqps://): whom to trust.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/auth-host /usr/local/bin/auth-host
COPY --from=build /out/policies /policies
# The image's own policies are the word of whoever built it; what is pushed needs signatures.
ENV ENV=production HTTP_SERVER_ADDRESS=:7971 DATA_DIR=/data POLICY_DIR=/policies \
    POLICY_UNSIGNED=directory
USER 10001:10001
WORKDIR /data
VOLUME /data
# The admin API (7972) stays on the container's loopback: docker compose exec.
EXPOSE 7971
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/auth-host"]
