// Merging lists of nodes: pointers followed, recursion.
#include <stdio.h>
#include <stdlib.h>

typedef struct Node { struct Node *next; int value; } Node;
#define N 400000
static Node nodes[N];

static Node *merge(Node *a, Node *b) {
    Node head, *tail = &head;
    while (a && b) {
        if (b->value < a->value) { tail->next = b; b = b->next; } else { tail->next = a; a = a->next; }
        tail = tail->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static Node *sort(Node *list) {
    if (!list || !list->next) return list;
    Node *slow = list, *fast = list->next;
    while (fast && fast->next) { slow = slow->next; fast = fast->next->next; }
    Node *half = slow->next;
    slow->next = NULL;
    return merge(sort(list), sort(half));
}

int main(void) {
    unsigned seed = 99, check = 0;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < N; i++) {
            seed = seed * 1664525 + 1013904223;
            nodes[i].value = seed >> 3;
            nodes[i].next = i + 1 < N ? &nodes[i + 1] : NULL;
        }
        int at = 0;
        for (Node *node = sort(nodes); node; node = node->next)
            if (at++ % 1000 == 0) check = check * 31 + node->value;
    }
    printf("%u\n", check);
}
