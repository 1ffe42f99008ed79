/* A plugin of QEMU: counts instructions of the guest, and says so at each call of getppid(). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Of qemu-plugin.h, which Debian does not ship. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
extern void qemu_plugin_register_vcpu_syscall_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t all, vector;
static FILE *out;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    uint64_t count = qemu_plugin_tb_n_insns(block), vectors = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t word = *(const uint32_t *)qemu_plugin_insn_data(qemu_plugin_tb_get_insn(block, i));
        /* SIMD and floating point: bits 27 to 25 are 111, or a load or store (27 and 25 are 1 and 0) with bit 26. */
        vectors += (word >> 25 & 7) == 7 || ((word >> 25 & 5) == 4 && (word >> 26 & 1));
    }
    qemu_plugin_register_vcpu_tb_exec_inline(block, 0, &all, count);
    qemu_plugin_register_vcpu_tb_exec_inline(block, 0, &vector, vectors);
}

static void called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                   uint64_t e, uint64_t f, uint64_t g, uint64_t h)
{
    if (number == 173) {
        fprintf(out, "%" PRIu64 " %" PRIu64 "\n", all, vector);
        fflush(out);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    out = fopen(getenv("COUNTS"), "w");
    if (!out)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    return 0;
}
