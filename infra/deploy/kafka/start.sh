#!/bin/bash
# Start the broker. On an empty volume, first write the account `setup` into the storage: no client
# could log in to create it.
set -euo pipefail
kafka=${KAFKA_HOME:-/opt/kafka}
work=${WORK_DIR:-/tmp}
umask 077

# No client needs this password: broker and controller are one process and read it from the same file.
password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
jaas="org.apache.kafka.common.security.plain.PlainLoginModule required"
{
    cat "${KAFKA_CONFIG:-/etc/comptoir/server.properties}"
    for listener in broker controller; do
        printf 'listener.name.%s.plain.sasl.jaas.config=%s username="broker" password="%s" user_broker="%s";\n' \
            "$listener" "$jaas" "$password" "$password"
    done
} >"$work/server.properties"

# A person in this container who has lost the password of `setup` can log in with this file.
cat >"$work/admin.properties" <<END
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=$jaas username="broker" password="$password";
END

"$kafka/bin/kafka-storage.sh" format --ignore-formatted --cluster-id="$CLUSTER_ID" \
    --config="$work/server.properties" \
    --add-scram="SCRAM-SHA-512=[name=setup,password=$SETUP_PASSWORD]"
unset SETUP_PASSWORD
exec "$kafka/bin/kafka-server-start.sh" "$work/server.properties"
