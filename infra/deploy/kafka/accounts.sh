#!/bin/bash
# Create accounts and rights. The script is idempotent: it changes passwords to those of the
# environment and adds missing rights. It removes none: use kafka-acls.sh --remove by hand.
set -euo pipefail
kafka=${KAFKA_HOME:-/opt/kafka}
work=${WORK_DIR:-/tmp}
umask 077

# Passwords go into files, because a process list shows the arguments of each command.
jaas="org.apache.kafka.common.security.scram.ScramLoginModule required"
cat >"$work/setup.properties" <<END
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=$jaas username="setup" password="$SETUP_PASSWORD";
END

account() {
    printf 'SCRAM-SHA-512=password=%s\n' "$2" >"$work/account.properties"
    "$kafka/bin/kafka-configs.sh" --bootstrap-server "$KAFKA_BOOTSTRAP_SERVERS" \
        --command-config "$work/setup.properties" --alter --entity-type users --entity-name "$1" \
        --add-config-file "$work/account.properties"
}

allow() {
    local user=$1
    shift
    "$kafka/bin/kafka-acls.sh" --bootstrap-server "$KAFKA_BOOTSTRAP_SERVERS" \
        --command-config "$work/setup.properties" --add --allow-principal "User:$user" "$@"
}

account sales "$SALES_PASSWORD"
account stock "$STOCK_PASSWORD"
account report "$REPORT_PASSWORD"

# Write and Read imply Describe. A service may also read its own topics: a relay that starts to lead
# compares the end of its log with the outbox.
allow sales --operation Write --topic sales.events.v1 --topic catalogue.events.v1
allow sales --operation Read --group sales-service \
    --topic stock.events.v1 --topic sales.events.v1 --topic catalogue.events.v1
allow stock --operation Write --topic stock.events.v1
allow stock --operation Read --group stock-service \
    --topic sales.events.v1 --topic catalogue.events.v1 --topic stock.events.v1
allow report --operation Read --group report-service \
    --topic sales.events.v1 --topic stock.events.v1 --topic catalogue.events.v1
rm -f "$work/setup.properties" "$work/account.properties"
